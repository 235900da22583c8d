/** What docker's users write for a registry: `https://index.docker.io/v1/` and `docker.io` are one. */
export async function registryHost(text: string | undefined): Promise<string> {
  if (text === undefined || text === '') return 'docker.io';
  const { hostOfKey } = await import('../image-work.ts');
  return hostOfKey(text);
}
