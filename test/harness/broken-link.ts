import net from 'node:net';

/** A socket in front of another, whose connections can be cut. */
export class BrokenLink implements AsyncDisposable {
  readonly path: string;
  readonly #server: net.Server;
  readonly #sockets = new Set<net.Socket>();

  constructor(behind: string, own: string) {
    this.path = own;
    this.#server = net.createServer((socket) => {
      const other = net.connect(behind);
      for (const each of [socket, other]) each.on('error', () => undefined);
      this.#sockets.add(socket);
      socket.pipe(other).pipe(socket);
    });
  }

  async open(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(this.path, resolve));
    return this;
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
