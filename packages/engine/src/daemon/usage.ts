/** What `berthd --help` prints. */
export const usage = `Usage: berthd [OPTIONS]

Runs containers and keeps images; the berth command talks to it, and starts it when it is needed.

  --root FOLDER        images, snapshots, records and logs (BERTH_ROOT, /var/lib/berth)
  --run FOLDER         sockets and journals (BERTH_RUN, /run/berth)
  --socket FILE        where it listens (BERTH_SOCKET, berth.sock in the run folder)
  --config FILE        settings (BERTH_CONFIG, /etc/berth/berthd.toml)
  --log-level LEVEL    debug, info, warn or error (BERTH_LOG_LEVEL, info)
  --snapshotter NAME   auto, overlayfs or native (BERTH_SNAPSHOTTER, auto)
  --version            print the version and end
  --help               print this and end
`;
