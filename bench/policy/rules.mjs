// A hundred rules as an owner of many accounts might come to write: a few for all, most for one action.
const actions = [
  'send_email',
  'send_telegram',
  'send_slack',
  'send_sms',
  'make_call',
  'upload_file',
  'write_record',
  'trigger_workflow',
  'draft_email',
  'read_email',
  'search_emails',
];

/** Conditions that read different attributes, so that no two rules are the same. */
const conditions = [
  (n) => `context.recipient_count <= ${n + 2}`,
  (n) => `["client${n}.example", "partner${n}.example"].containsAll(context.domains)`,
  (n) => `context.recipients.contains("person${n}@example.org")`,
  () => 'context.audience == Audience::"contact" && context.all_named',
  () => 'context.private_payload && context.origin == Origin::"item"',
  (n) => `context.warned_sources > ${n}`,
];

/** `count` rules as one policy text. */
export function manyRules(count) {
  const rules = [
    '@id("all reads") permit (principal, action in Action::"read", resource);',
    '@id("all drafts") permit (principal, action in Action::"draft", resource);',
    '@id("send") @approval("owner") @rate("10/hour") @delay("10s") permit (principal, action == Action::"send_email", resource);',
    '@id("none public") forbid (principal, action in Action::"outbound", resource) when { context.audience == Audience::"public" };',
  ];
  for (let n = 0; rules.length < count; n += 1) {
    const action = actions[n % actions.length];
    const condition = conditions[n % conditions.length](n);
    const forbids = n % 3 === 0;
    const terms = forbids ? '' : '@approval("owner") @rate("20/hour") ';
    const guard = forbids ? `context.recipients.contains("never${n}@example.org") && ${condition}` : condition;
    rules.push(
      `@id("rule ${n}") ${terms}${forbids ? 'forbid' : 'permit'} (principal, action == Action::"${action}", resource) when { ${guard} };`,
    );
  }
  return rules.join('\n');
}

/** Requests that differ from one another in every run of `n`. */
export function request(n) {
  const label = { integrity: n % 2 === 0 ? 'untrusted' : 'trusted', confidentiality: 'private', sources: ['k1'] };
  return {
    zone: 'zone2-planner',
    origin: 'item',
    action: 'send_email',
    effect: 'outbound',
    values: [
      {
        role: 'to',
        value: `person${n}@example.org`,
        label,
        named: n % 2 === 1,
        audience: n % 2 === 1 ? 'contact' : 'unknown',
      },
    ],
    payload: label,
    sources: [{ id: 'k1', channel: 'email', confidentiality: 'private', readers: [`person${n}@example.org`] }],
    warnedSources: n % 5 === 0 ? 1 : 0,
    killed: false,
    breakerOpen: false,
  };
}
