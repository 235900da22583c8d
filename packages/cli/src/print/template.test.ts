import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BerthError } from '@berth/model/error';
import { compileTemplate, unescapeFormat } from './template.ts';

const value = {
  Name: '/web',
  State: { Status: 'running', Pid: 42, Paused: false },
  Config: { Env: ['A=b', 'C=d'], Labels: { 'com.example': 'x', b: 'y' }, Cmd: null },
  Mounts: [
    { Source: '/a', RW: true },
    { Source: '/b', RW: false },
  ],
  Networks: {},
  Label: (key: string) => (key === 'b' ? 'y' : ''),
};

const templates: readonly (readonly [string, string])[] = [
  ['plain', 'plain'],
  ['{{.Name}}', '/web'],
  ['{{ .State.Status }}:{{.State.Pid}}', 'running:42'],
  ['{{json .State}}', '{"Status":"running","Pid":42,"Paused":false}'],
  ['{{json .Config.Cmd}}', 'null'],
  ['{{.Config.Env}}', '[A=b C=d]'],
  ['{{.Config.Labels}}', 'map[b:y com.example:x]'],
  ['{{index .Config.Labels "com.example"}}', 'x'],
  ['{{index .Config.Labels "nope"}}', ''],
  ['{{index .Config.Env 1}}', 'C=d'],
  ['{{(index .Mounts 0).Source}}', '/a'],
  ['{{len .Mounts}}', '2'],
  ['{{join .Config.Env ","}}', 'A=b,C=d'],
  ['{{.State.Status | upper}}', 'RUNNING'],
  ['{{.State.Status | printf "%-9s|"}}', 'running  |'],
  ['{{range .Mounts}}{{.Source}} {{end}}', '/a /b '],
  ['{{range $i, $m := .Mounts}}{{$i}}{{$m.Source}}{{end}}', '0/a1/b'],
  ['{{range $k, $v := .Config.Labels}}{{$k}}={{$v}};{{end}}', 'b=y;com.example=x;'],
  ['{{range .Networks}}x{{else}}none{{end}}', 'none'],
  ['{{range .Config.Env}}{{println .}}{{end}}', 'A=b\nC=d\n'],
  ['{{range .Mounts}}{{$.Name}}{{if .RW}}+{{end}}{{end}}', '/web+/web'],
  ['{{if .State.Paused}}p{{else if eq .State.Status "running"}}r{{else}}x{{end}}', 'r'],
  ['{{if and .State.Pid (not .State.Paused)}}ok{{end}}', 'ok'],
  ['{{with .State}}{{.Pid}}{{end}}', '42'],
  ['{{.Label "b"}}', 'y'],
  ['{{"a{b"}}{{`c`}}{{7}}', 'a{bc7'],
  ['{{/* nothing */}}x', 'x'],
];

for (const [template, text] of templates) {
  test(`${template} gives ${JSON.stringify(text)}`, () => assert.equal(compileTemplate(template).render(value), text));
}

for (const template of [
  '{{.Nope}}',
  '{{.State.Nope}}',
  '{{nope .}}',
  '{{.Name',
  '{{if .Name}}',
  '{{end}}',
  '{{.Name "x"}}',
  '{{(.Name}}',
  '{{.Name)}}',
  '{{}}',
  '{{$x}}',
  '{{.__proto__}}',
  '{{constructor}}',
  '{{join .Name ","}}',
  '{{else}}',
]) {
  test(`${template} is refused with the template in the message`, () => {
    assert.throws(
      () => compileTemplate(template).render(value),
      (error) => error instanceof BerthError && error.code === 'bad_template',
    );
  });
}

test('escapes of the command line are meant', () => assert.equal(unescapeFormat('a\\tb\\n'), 'a\tb\n'));

test('no template fails with anything but a refusal', () => {
  const part = fc.constantFrom(
    '{{',
    '}}',
    '.',
    'Name',
    ' ',
    '|',
    '(',
    ')',
    '"',
    '$',
    'range ',
    'end',
    'if ',
    'json ',
    ',',
    ':=',
    '1',
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
      try {
        compileTemplate(parts.join('')).render(value);
      } catch (error) {
        return error instanceof BerthError && error.code === 'bad_template';
      }
      return true;
    }),
    { numRuns: 2000 },
  );
});
