/** The version of every part of this build. */
export const version = '0.1.0';
