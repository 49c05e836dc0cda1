// Chat templates of real models with conversations and the exact text that they must become.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { ChatTemplate, type ChatMessage } from '@hone/text';
import { describeData, readJsonFile } from './data-root.js';

interface EndToEndCase {
  name: string;
  template: string;
  context: { messages: ChatMessage[]; tools?: unknown[]; add_generation_prompt?: boolean; [variable: string]: unknown };
  expected: string;
  python_jinja2_agrees: boolean;
}

/** The date at which the expected texts of templates that print one were made. */
const now = new Date('2025-07-10T12:00:00Z');

describeData('templates of huggingface.js', 'chat-templates', (path) => {
  const file = 'huggingface-jinja-e2e.json';
  if (!existsSync(join(path, file))) return void it.skip(`needs ${file}`, () => undefined);
  const cases = readJsonFile<EndToEndCase[]>(path, file);

  it.each(cases.map((one) => [one.name, one] as const))('%s', (_name, { template, context, expected }) => {
    const { messages, tools, add_generation_prompt: addGenerationPrompt = false, ...variables } = context;
    const rendered = new ChatTemplate(template).render(messages, {
      addGenerationPrompt,
      variables,
      now,
      ...(tools ? { tools } : {}),
    });
    expect(rendered).toBe(expected);
  });
});

interface LlamaCppFile {
  conversation: ChatMessage[];
  add_generation_prompt: boolean;
  cases: {
    name: string;
    template_str: string;
    bos_token?: string;
    eos_token?: string;
    verbatim_jinja2?: string;
    expected_output: string;
    expected_output_jinja?: string;
  }[];
}

describeData('templates of llama.cpp', 'chat-templates', (path) => {
  const file = 'llamacpp-chat-template.json';
  if (!existsSync(join(path, file))) return void it.skip(`needs ${file}`, () => undefined);
  const { conversation, add_generation_prompt: addGenerationPrompt, cases } = readJsonFile<LlamaCppFile>(path, file);

  it.each(cases.map((one) => [one.name, one] as const))('%s', (_name, one) => {
    const template = new ChatTemplate(one.template_str, {
      bos_token: one.bos_token ?? '',
      eos_token: one.eos_token ?? '',
    });
    const expected = one.verbatim_jinja2 ?? one.expected_output_jinja ?? one.expected_output;
    expect(template.render(conversation, { addGenerationPrompt, now })).toBe(expected);
  });
});

describeData('template files', 'chat-templates/jinja', (path) => {
  const messages = [
    { role: 'user', content: 'Where is my lamp?' },
    { role: 'assistant', content: 'On its way.' },
    { role: 'user', content: 'Thanks.' },
  ];
  // Three of these templates are for tool use and need a tool.
  const parameters = {
    type: 'object',
    properties: { order: { type: 'string', description: 'Its number' } },
    required: ['order'],
  };
  const tools = [{ type: 'function', function: { name: 'find_order', description: 'Finds an order', parameters } }];

  it.each(readdirSync(path).filter((name) => name.endsWith('.jinja')))(
    '%s is read and shows every turn in order',
    (name) => {
      const template = new ChatTemplate(readFileSync(join(path, name), 'utf8'), {
        bos_token: '<s>',
        eos_token: '</s>',
      });
      const text = template.render(messages, { addGenerationPrompt: true, tools, now });
      const places = messages.map(({ content }) => text.indexOf(content));
      expect(places).toEqual([...places].sort((a, b) => a - b));
      expect(places[0]).toBeGreaterThanOrEqual(0);
    },
  );
});

interface JinjaCase {
  name?: string;
  template: string;
  context?: Record<string, unknown>;
  expected: string;
}

describeData('Jinja cases', 'jinja-cases', (path) => {
  const cases = readJsonFile<JinjaCase[]>(path, 'cases.json');
  it.each(cases.map((one, at) => [one.name ?? `${at}`, one] as const))(
    '%s',
    (_name, { template, context = {}, expected }) => {
      const { messages = [], ...variables } = context as { messages?: ChatMessage[] };
      expect(new ChatTemplate(template).render(messages, { variables })).toBe(expected);
    },
  );
});
