/** Takes the words of this command line out of what ps(1) shows: they have a password in them. */
export function hidePassword(): void {
  process.title = 'berth';
}
