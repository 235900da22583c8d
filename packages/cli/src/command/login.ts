import { BerthError, isKind } from '@berth/model/error';
import type { Credentials } from '@berth/image/registry/contract';
import { type CommandCall, defineCommand } from '../command.ts';
import { switchFlag, textFlag } from '../flag/spec.ts';
import { print, printError } from '../print/output.ts';
import { keptCredentials } from '../registry/credentials.ts';
import { hidePassword } from '../registry/hide-password.ts';
import { registryHost } from '../registry/host-name.ts';
import { hostFolderFlags, openRegistryClient } from '../registry/open-client.ts';
import { askLine, askSecret, secretFromInput } from '../registry/read-secret.ts';

const flagTable = {
  username: textFlag('Username', { short: 'u' }),
  password: textFlag('Password', { short: 'p' }),
  'password-stdin': switchFlag('Take the password from STDIN'),
  authfile: textFlag("File of credentials, as docker's config.json (REGISTRY_AUTH_FILE)", { placeholder: 'file' }),
  'tls-verify': switchFlag('Ask for https with a good certificate', { initial: true }),
  ...hostFolderFlags,
};

type Call = CommandCall<typeof flagTable>;

export const command = defineCommand({
  usage: 'login [OPTIONS] [SERVER]',
  flags: flagTable,
  arguments: { least: 0, most: 1 },
  async run(call: Call) {
    const { flags, args, env } = call;
    checkFlags(flags);
    const host = await registryHost(args[0]);
    if (await stillGood(call, host)) {
      print('Login Succeeded\n');
      return;
    }
    const credentials = await wantedCredentials(flags);
    await tryLogin(call, host, credentials);
    const { storeCredentials } = await import('../image-work.ts');
    const place = await storeCredentials(host, credentials, { env: ownEnv(call, env) });
    if (place.startsWith('/')) printError(`WARNING! Your credentials are stored unencrypted in '${place}'.\n`);
    print('Login Succeeded\n');
  },
});

function checkFlags({ username, password, 'password-stdin': fromInput }: Call['flags']): void {
  if (password !== undefined) {
    hidePassword();
    printError('WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n');
  }
  if (password !== undefined && fromInput) {
    throw new BerthError('invalid_argument', '--password and --password-stdin are mutually exclusive');
  }
  if (fromInput && username === undefined) {
    throw new BerthError('invalid_argument', 'must provide --username with --password-stdin');
  }
}

/** As docker: who names nobody, and is known already, is not asked. */
async function stillGood(call: Call, host: string): Promise<boolean> {
  const { flags, env } = call;
  if (flags.username !== undefined || flags.password !== undefined) return false;
  const kept = await (await keptCredentials(flags.authfile, env))(host);
  if (kept === undefined) return false;
  try {
    printError('Authenticating with existing credentials...\n');
    await tryLogin(call, host, kept);
    return true;
  } catch (error) {
    if (isKind(error, 'unauthenticated')) return false;
    throw error;
  }
}

async function wantedCredentials({ username, password, ...flags }: Call['flags']): Promise<Credentials> {
  const user = username ?? (await askLine('Username: '));
  if (user === '') throw new BerthError('invalid_argument', 'a user name is needed');
  if (flags['password-stdin']) return { username: user, password: await secretFromInput() };
  const secret = password ?? (await askSecret('Password: '));
  if (secret === '') throw new BerthError('invalid_argument', 'a password is needed');
  return { username: user, password: secret };
}

async function tryLogin({ flags }: Call, host: string, credentials: Credentials): Promise<void> {
  await using client = await openRegistryClient({
    credentials: async (asked) => (asked === host ? credentials : undefined),
    hostFolders: flags['hosts-dir'],
    insecure: !flags['tls-verify'],
  });
  try {
    await client.login(host, new AbortController().signal);
  } catch (cause) {
    if (!isKind(cause, 'unauthenticated')) throw cause;
    throw new BerthError('unauthenticated', `${host} does not accept these credentials`, {
      code: cause.code,
      hint: 'check the user name and the password',
      cause,
    });
  }
}

function ownEnv({ flags: { authfile } }: Call, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return authfile === undefined ? env : { ...env, REGISTRY_AUTH_FILE: authfile };
}
