/** Of berth-oci itself, as in package.json. */
export const version = '0.1.0';

/** The newest version of the OCI runtime spec that we follow. */
export const specVersion = '1.3.0';

/** What docker, podman and go-runc take apart: only the first line may hold the word "version". */
export function versionText(): string {
  return `berth-oci version ${version}\nspec: ${specVersion}\nnode: ${process.versions.node}\n`;
}
