import { randomBytes, randomInt } from 'node:crypto';
import { BerthError } from '@berth/model/error';

const adjectives =
  'able airy amber apt ardent bold brave brisk calm clear clever coral crisp deft eager early fair fleet fond free fresh gentle glad golden grand hardy hazel honest jolly keen kind light lively loyal lucid mellow merry mild misty neat nimble noble open patient plucky polite prime proud quick quiet rapid ready rosy sage salty serene sharp silver sleek smart snug solid spry stable steady still stout sunny swift tidal tidy true upright vivid warm wise witty zesty'.split(
    ' ',
  );
const nouns =
  'anchor albatross barge beacon bight bollard bosun breeze brig buoy capstan clipper cormorant current cutter davit delta dinghy dock dolphin dory eddy estuary fathom ferry fjord foghorn frigate galley gannet gull halyard harbour hawser helm heron hull inlet islet jetty keel kelp ketch lagoon lantern lighthouse lugger marina marlin mast mooring narwhal oar otter pelican pier pilot plover porpoise quay reef rigging rudder sail schooner seal sextant shoal skiff sloop spar spray starboard strait tender tern tide tiller trawler tugboat wharf windlass yawl'.split(
    ' ',
  );

const pattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

/** 64 hexadecimal characters, as every docker client expects. */
export function newContainerId(): string {
  return randomBytes(32).toString('hex');
}

/** Docker's rule for names. @throws invalid_argument (`bad_name`) */
export function checkContainerName(name: string): string {
  if (pattern.test(name)) return name;
  throw new BerthError('invalid_argument', `invalid container name '${name}'`, {
    code: 'bad_name',
    hint: 'a name has two or more letters, digits, _ . or -, and starts with a letter or digit',
  });
}

/** A name that nobody has; a number is added when the short ones run out. */
export function freeName(isTaken: (name: string) => boolean): string {
  for (let attempt = 0; ; attempt++) {
    const pair = `${adjectives[randomInt(adjectives.length)]}_${nouns[randomInt(nouns.length)]}`;
    const name = attempt < 6 ? pair : `${pair}${randomInt(1, 10 ** Math.min(attempt, 12))}`;
    if (!isTaken(name)) return name;
  }
}
