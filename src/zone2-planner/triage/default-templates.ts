import type { TemplateName } from './templates.ts';

/** Ours, packed with the planner; `templates/*.txt` holds the same words for the owner to copy (a test compares them). */
export const DEFAULT_TEMPLATES: Readonly<Record<TemplateName, string>> = {
  question: `Hello {{name}},

thank you for your message "{{subject}}". I have your question:

> {{summary}}

I will come back to you with an answer.
`,
  meeting: `Hello {{name}},

thank you for the invitation "{{subject}}". I am looking at my calendar and will confirm the time or propose another one.
`,
  invoice: `Hello {{name}},

thank you, I have received your invoice "{{subject}}". I will check it and come back to you if anything is unclear.
`,
  personal: `Hello {{name}},

thank you for your message "{{subject}}". I have read it and will answer soon.
`,
};
