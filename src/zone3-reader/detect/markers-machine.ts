import type { Marker } from './marker.ts';
import { marker } from './marker.ts';

const TURN = 'imitates a turn of a conversation with a model';
const FRAME = 'pretends that the message ends and orders begin';
const LEAK = 'would carry data out in the address of a picture or link';
const CALL = 'contains a ready-made tool call';

/** Marks of a model's machinery: turns, frames, tool calls. INVARIANT: every pattern is linear. */
export const MACHINE_MARKERS: readonly Marker[] = [
  marker(
    'injection_role_marker',
    0.8,
    '<|',
    /<\|(?:im_|end|start|begin|eot|eom|system|user|assistant|human|tool|pad|fim|sep|message|channel|turn|python|prompt|instruct)[a-z_]{0,20}\|>|<\/?\|?(?:im_start|im_end|endoftext|eot_id)\|?>/gi,
    TURN,
  ),
  marker('injection_role_marker', 0.75, 'inst|sys', /\[\/?INST\]|<<\/?SYS>>|<\/?s>\s?\[INST/g, TURN),
  marker(
    'injection_role_marker',
    0.6,
    '<',
    /<\/?(?:system|assistant|instructions?|system_?prompt|admin|prompt|tool_call|function_call|user_?input)(?:\s[^<>]{0,60})?>/gi,
    TURN,
  ),
  marker(
    'injection_role_marker',
    0.45,
    '<',
    /<\/?(?:important|information|urgent|alert|user|human|context|document|data|email|priority)>/gi,
    TURN,
  ),
  marker(
    'injection_role_marker',
    0.55,
    '#',
    /^[ \t>]*#{1,6}[ \t]*(?:system|instructions?|response|human|assistant|user|new (?:task|instructions?))\b[ \t]*:?[ \t]*$/gim,
    TURN,
  ),
  marker(
    'injection_role_marker',
    0.45,
    'system|assistant|ai|human|sys|sysadmin|systemmessage|systemprompt',
    /^[ \t]*["'[({*]{0,3}(?:system|assistant|ai|human|sys(?:tem)? ?(?:admin|message|prompt|note|override|update|instruction)s?)["'\])}*]{0,3}[ \t]*:(?!\/\/)/gim,
    TURN,
  ),
  marker(
    'injection_role_marker',
    0.5,
    '[',
    /\[(?:system|admin|developer|assistant|ai|instruction|override|root)(?: [a-z ]{2,30})?\]|\{\{?(?:system|user|assistant)\}?\}/gi,
    TURN,
  ),
  marker(
    'injection_frame',
    0.5,
    'end|start|begin|beginning',
    /(?<![-=*#_<[(])[-=*#_<[(]{2,80}[ \t]{0,3}(?:end|start|begin|beginning)(?: of)?(?: the| this| your| new)? (?:e-?mail|mail|message|document|text|data|context|prompt|input|user input|file|content|conversation|instructions?|system prompt|output|task)\b/gi,
    FRAME,
  ),
  marker(
    'injection_frame',
    0.6,
    'message|instruction|instructions|notice|note|directive|directives|command|commands',
    /\b(?:important|system|new|updated|additional|hidden|secret|admin|override|special|urgent) (?:message|instructions?|notice|note|directives?|commands?) (?:from|to|for) (?:the |all |any )?(?:me|system|developers?|admin\w*|users?|ai|llm|assistants?|agents?|models?|bots?|you)\b/gi,
    FRAME,
  ),
  marker(
    'injection_frame',
    0.5,
    'override|bypass|reset',
    /\b(?:system|security|admin|instruction|prompt|safety)[ _-](?:override|bypass|reset)\b|\boverride (?:code|mode|protocol)\b/gi,
    FRAME,
  ),
  marker(
    'injection_frame',
    0.5,
    'task',
    /(?:^|[\n.!?])[ \t]*(?:task (?:is )?(?:now )?complete[d]?|answer: task complete)\b/gi,
    FRAME,
  ),
  marker(
    'injection_exfiltration',
    0.75,
    '![',
    /!\[[^\]\n]{0,100}\]\(\s*<?https?:[^\s)]{0,500}(?:\{|%7B|\[|<|\$\{|=\s*\)|(?:data|q|query|secret|content|text|msg|info|leak|exfil|payload|d|c|p|s)=)/gi,
    LEAK,
  ),
  marker(
    'injection_exfiltration',
    0.45,
    'http',
    /https?:\/\/[^\s<>"')]{3,300}[?&/=](?:\{\{?[^{}\s]{1,60}\}|\[[A-Z_ ]{2,40}\]|<[A-Z_ ]{2,40}>|%7B|INSERT_|YOUR_[A-Z]{2,})/g,
    LEAK,
  ),
  marker(
    'injection_tool',
    0.6,
    '{',
    /\{\s{0,4}"(?:name|tool|function|action|recipient_name)"\s{0,4}:\s{0,4}"[\w.-]{2,60}"\s{0,4},\s{0,4}"(?:arguments|parameters|args|input|action_input|params)"/g,
    CALL,
  ),
  marker(
    'injection_tool',
    0.5,
    'action|tool|function',
    /(?:^|\n)[ \t]*(?:action|tool|function)[ \t]*:[ \t]*[\w.-]{2,60}[ \t]*\n[ \t]*(?:action[ _]input|arguments|args|parameters)[ \t]*:/gi,
    CALL,
  ),
  marker(
    'injection_persona',
    0.65,
    'dan|anything|mode|jailbroken',
    /\bDAN\b[^\n]{0,80}\b(?:mode|now|anything)\b|\bdo anything now\b|\b(?:developer|debug|god|sudo|jailbreak|unrestricted|opposite) mode\b|\bjailbroken\b/gi,
    'asks to play a part without limits',
  ),
];
