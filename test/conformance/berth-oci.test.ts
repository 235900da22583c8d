import { existsSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { allCases, registerSuite } from './suite/register.ts';

const program = path.join(import.meta.dirname, '../../bin/berth-oci');

if (existsSync(program)) registerSuite({ name: 'berth-oci', command: [program] }, await allCases());
else test('berth-oci conforms', { skip: 'bin/berth-oci is not there' });
