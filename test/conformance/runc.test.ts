import { test } from 'node:test';
import { findRunc } from './suite/find-runc.ts';
import { allCases, registerSuite } from './suite/register.ts';

// The suite is proven on runc first: a case that fails elsewhere is then not our misunderstanding.
const runc = await findRunc();
if (runc === undefined) test('runc conforms', { skip: 'no runc: neither go to build one with, nor a package' });
else registerSuite(runc, await allCases());
