/** Marks that have a meaning for a model's machinery and none for a person. */
export interface Marker {
  readonly rule: string;
  readonly weight: number;
  readonly pattern: RegExp;
  readonly why: string;
}

const TURN = 'imitates a turn of a conversation with a model';
const FRAME = 'pretends that the message ends and orders begin';
const LEAK = 'would carry data out in the address of a picture or link';
const CALL = 'contains a ready-made tool call';

/** INVARIANT: every pattern is linear: bounded repeats, no nested ones. */
export const MARKERS: readonly Marker[] = [
  marker('injection_role_marker', 0.8, /<\|[a-z_]{2,24}\|>|<\/?\|?(?:im_start|im_end|endoftext|eot_id)\|?>/gi, TURN),
  marker('injection_role_marker', 0.75, /\[\/?INST\]|<<\/?SYS>>|<\/?s>\s?\[INST/g, TURN),
  marker(
    'injection_role_marker',
    0.6,
    /<\/?(?:system|assistant|instructions?|system_?prompt|admin|prompt|tool_call|function_call|user_?input)(?:\s[^<>]{0,60})?>/gi,
    TURN,
  ),
  marker(
    'injection_role_marker',
    0.45,
    /<\/?(?:important|information|urgent|alert|user|human|context|document|data|email|priority)>/gi,
    TURN,
  ),
  marker(
    'injection_role_marker',
    0.55,
    /^[ \t>]*#{1,6}[ \t]*(?:system|instructions?|response|human|assistant|user|new (?:task|instructions?))\b[ \t]*:?[ \t]*$/gim,
    TURN,
  ),
  marker(
    'injection_role_marker',
    0.45,
    /^[ \t]*["'[({*]{0,3}(?:system|assistant|ai|human|sys(?:tem)? ?(?:admin|message|prompt|note|override|update|instruction)s?)["'\])}*]{0,3}[ \t]*:(?!\/\/)/gim,
    TURN,
  ),
  marker(
    'injection_role_marker',
    0.5,
    /\[(?:system|admin|developer|assistant|ai|instruction|override|root)(?: [a-z ]{2,30})?\]|\{\{?(?:system|user|assistant)\}?\}/gi,
    TURN,
  ),
  marker(
    'injection_frame',
    0.5,
    /[-=*#_<[(]{2,}[ \t]{0,3}(?:end|start|begin|beginning)(?: of)?(?: the| this| your| new)? (?:e-?mail|mail|message|document|text|data|context|prompt|input|user input|file|content|conversation|instructions?|system prompt|output|task)\b/gi,
    FRAME,
  ),
  marker(
    'injection_frame',
    0.6,
    /\b(?:important|system|new|updated|additional|hidden|secret|admin|override|special|urgent) (?:message|instructions?|notice|note|directives?|commands?) (?:from|to|for) (?:the |all |any )?(?:me|system|developers?|admin\w*|users?|ai|llm|assistants?|agents?|models?|bots?|you)\b/gi,
    FRAME,
  ),
  marker(
    'injection_frame',
    0.5,
    /\b(?:system|security|admin|instruction|prompt|safety)[ _-](?:override|bypass|reset)\b|\boverride (?:code|mode|protocol)\b/gi,
    FRAME,
  ),
  marker(
    'injection_frame',
    0.5,
    /(?:^|[\n.!?])[ \t]*(?:task (?:is )?(?:now )?complete[d]?|answer: task complete)\b/gi,
    FRAME,
  ),
  marker(
    'injection_exfiltration',
    0.75,
    /!\[[^\]\n]{0,100}\]\(\s*<?https?:[^\s)]{0,500}(?:\{|%7B|\[|<|\$\{|=\s*\)|(?:data|q|query|secret|content|text|msg|info|leak|exfil|payload|d|c|p|s)=)/gi,
    LEAK,
  ),
  marker(
    'injection_exfiltration',
    0.45,
    /https?:\/\/[^\s<>"')]{3,300}[?&/=](?:\{\{?[^{}\s]{1,60}\}|\[[A-Z_ ]{2,40}\]|<[A-Z_ ]{2,40}>|%7B|INSERT_|YOUR_[A-Z]{2,})/g,
    LEAK,
  ),
  marker(
    'injection_tool',
    0.6,
    /\{\s{0,4}"(?:name|tool|function|action|recipient_name)"\s{0,4}:\s{0,4}"[\w.-]{2,60}"\s{0,4},\s{0,4}"(?:arguments|parameters|args|input|action_input|params)"/g,
    CALL,
  ),
  marker(
    'injection_tool',
    0.5,
    /(?:^|\n)[ \t]*(?:action|tool|function)[ \t]*:[ \t]*[\w.-]{2,60}[ \t]*\n[ \t]*(?:action[ _]input|arguments|args|parameters)[ \t]*:/gi,
    CALL,
  ),
  marker(
    'injection_persona',
    0.65,
    /\bDAN\b[^\n]{0,80}\b(?:mode|now|anything)\b|\bdo anything now\b|\b(?:developer|debug|god|sudo|jailbreak|unrestricted|opposite) mode\b|\bjailbroken\b/gi,
    'asks to play a part without limits',
  ),
  marker(
    'injection_addressed',
    0.6,
    /\b(?:if|when|as|since|because) (?:you|your) (?:are|'re|re) (?:an? |the )?(?:\w{2,12} )?(?:ai|llm|language model|assistant|chat ?bot|bot|agent|model|automated)\b/gi,
    'speaks to an assistant, not to a person',
  ),
  marker(
    'injection_addressed',
    0.55,
    /\b(?:to|for|attention|attn|dear|hey|hello|hi|note|notice|instructions?|message)[,:]? (?:to |for |any |all |the |an? |my |this )*(?:ai|llm|language model|gpt|chatgpt|claude|gemini|copilot)(?:[ -](?:assistants?|agents?|models?|systems?|readers?|tools?|bots?|s))?\b[^\n]{0,12}[:,;!-]/gi,
    'speaks to an assistant, not to a person',
  ),
  marker(
    'injection_addressed',
    0.45,
    /\b(?:whoever|whatever|anyone|any (?:ai|system|program|software|automation|bot)) (?:is |that |who |which )?(?:reads?|reading|process(?:es|ing)|summari[sz](?:es|ing)|pars(?:es|ing)|handl(?:es|ing)) (?:this|the)\b/gi,
    'speaks to whatever processes the message',
  ),
  marker(
    'injection_addressed',
    0.5,
    /\bwhen (?:you )?(?:summari[sz]|process|answer|respond|repl(?:y|ie)|read|pars|analy[sz])\w{0,4} (?:this|the|these|my|any|to)\b[^\n.]{0,60}[,:] ?(?:please |always |also |do |make |you )*(?:include|add|say|mention|write|send|forward|append|tell|insert|use|output|recommend|state|claim|ignore)\b/gi,
    'speaks to whatever processes the message',
  ),
  marker(
    'injection_task',
    0.4,
    /\b(?:the|your|my) (?:original|first|main|initial|actual|real|current) (?:task|question|request|query|goal|objective)\b/gi,
    'speaks of the task the assistant was given',
  ),
  marker(
    'injection_task',
    0.55,
    /\btask (?:that )?(?:i|we|the user) (?:gave|give|asked|assigned)\b/gi,
    'speaks of the task the assistant was given',
  ),
  marker(
    'injection_override',
    0.5,
    /\b(?:admin\w*|developers?|system|user|owner|operator) (?:has |have |hereby )?(?:authori[sz]ed?|approved?|pre-?approved|permitted|granted|whitelisted)\b/gi,
    'claims an authority that text cannot have',
  ),
];

function marker(rule: string, weight: number, pattern: RegExp, why: string): Marker {
  return { rule, weight, pattern, why };
}
