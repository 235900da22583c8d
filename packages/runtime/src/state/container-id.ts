import { BerthError } from '@berth/model/error';

/** Longer ones cannot be a folder's name. */
const longest = 255;

/** runc's rule: letters, digits and `_+-.`, and not a name that means another folder. @throws invalid_argument */
export function checkContainerId(id: string): string {
  if (/^[\w+.-]+$/.test(id) && id !== '.' && id !== '..' && id.length <= longest) return id;
  throw new BerthError('invalid_argument', `invalid id format: ${JSON.stringify(id)}`, {
    code: 'bad_container_id',
    hint: `up to ${longest} letters, digits and _ + - .`,
  });
}
