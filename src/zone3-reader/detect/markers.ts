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
const ADDRESSED = 'speaks to an assistant, not to a person';
const SHAPE = 'tells how to shape the answer';
const EXFIL = 'asks to fetch private things and send them somewhere';
const CALL = 'contains a ready-made tool call';

/** INVARIANT: every pattern is linear: bounded repeats, no nested ones. */
export const MARKERS: readonly Marker[] = [
  marker(
    'injection_role_marker',
    0.8,
    /<\|(?:im_|end|start|begin|eot|eom|system|user|assistant|human|tool|pad|fim|sep|message|channel|turn|python|prompt|instruct)[a-z_]{0,20}\|>|<\/?\|?(?:im_start|im_end|endoftext|eot_id)\|?>/gi,
    TURN,
  ),
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
    /(?<![-=*#_<[(])[-=*#_<[(]{2,80}[ \t]{0,3}(?:end|start|begin|beginning)(?: of)?(?: the| this| your| new)? (?:e-?mail|mail|message|document|text|data|context|prompt|input|user input|file|content|conversation|instructions?|system prompt|output|task)\b/gi,
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
    /\b(?:the|your) (?:user|owner|operator|developers?|principal) (?:has |have |already |hereby |fully )*(?:authori[sz]ed?|approved?|pre-?approved|permitted|granted|whitelisted|consented|confirmed|asked|instructed|wants?)\b/gi,
    'claims an authority that text cannot have',
  ),
  marker(
    'injection_override',
    0.3,
    /\b(?:admin\w*|system|security team) (?:has |have |already |hereby |fully )*(?:authori[sz]ed?|pre-?approved|granted|whitelisted)\b/gi,
    'claims an authority that text cannot have',
  ),
  marker(
    'injection_tool',
    0.55,
    /\b(?:call(?:ing)?|use|using|invoke|run|execute|trigger|tool|function|via)\b[\s:`'"]{1,4}(?:the\s)?[`'"]?(?:send|read|get|fetch|search|delete|forward|create|update|list|transfer|share|upload|write|post|add|remove|draft|schedule|book|execute|run)_(?:e?mails?|messages?|files?|contacts?|calendar|events?|inbox|sms|money|payment|transaction|document|invite|user|meeting|note|task|channel|code|command|sql|query|request|url|webpage)(?:_[a-z]{2,12}){0,3}\b/g,
    CALL,
  ),
  marker(
    'injection_role_marker',
    0.55,
    /^[ \t>]*\W{0,3}(?:system|assistant|admin\w*|developer|instructions?)\W{0,3}:\s*(?:you|ignore|please|the user|new|your|from now|disregard|all|important|must|do not|never|always)\b/gim,
    TURN,
  ),
  marker(
    'injection_task',
    0.45,
    /(?:^|[\n.!?:])[ \t]*(?:please |now )?(?:translate|paraphrase|rewrite|refine|polish|proofread|rephrase|summari[sz]e) (?:the|this|these) (?:following|above|below|preceding|previous)\b/gi,
    'sets a new task',
  ),
  marker(
    'injection_addressed',
    0.5,
    /\b(?:to|for|by) (?:any |all |the |other )?automated (?!(?:e-?mail|message|reply|response)s?\b)[a-z]{3,14}(?: [a-z]{3,12})?\b/gi,
    ADDRESSED,
  ),
  marker(
    'injection_addressed',
    0.6,
    /\b(?:invisible|hidden|not visible|unseen) (?:to|from) (?:the )?(?:humans?|users?|people|readers?)\b|\bvisible (?:only )?to (?:the )?(?:ai|llm|model|bot|assistant)s?\b/gi,
    ADDRESSED,
  ),
  marker(
    'injection_role_marker',
    0.45,
    /\[(?:hidden|invisible|secret|internal|note to (?:ai|self|assistant|model)s?)\]|^[ \t>]*(?:user|human)[ \t]*:[ \t]*(?:i want|next|now|please|ignore|there are)\b/gim,
    TURN,
  ),
  marker(
    'injection_answer_shape',
    0.5,
    /(?:^|[\n.!?:>*"] ?)(?:please |also |now |instead,? |and )?(?!(?:i|we|you|he|she|it|they|this|that|there|the|a|an|in|on|at|for|if|as|thanks?|thank|sorry|re|regarding|looking|waiting|based|hope|hoping|here|my|our|from|to|of|with|and|but|or|so|what|which|when|where|how|why|who|not|no|yes|any|all|is|are|was|did|does|do|could|would|can|will|should|may|also)\b)[a-z]{3,14} (?:[^.!?\n]{1,110} )?(?:in|to|of|into|from|for|with|throughout|using|before|after) your (?:next |final |own |entire )?(?:answers?|responses?|reply|replies|outputs?|summary)\b/gi,
    SHAPE,
  ),
  marker(
    'injection_answer_shape',
    0.5,
    /\bin your (?:next |final )?(?:(?:answer|response|output|summary)\b[,:] ?|reply\b[,:] ?(?!please\b))(?!(?:i|we|you|please let|it|the)\b)[a-z]{3,14}\b/gi,
    SHAPE,
  ),
  marker(
    'injection_answer_shape',
    0.45,
    /(?:^|[\n.!?:,"] ?)(?:please |then |just |only |simply |and |instead )*(?:respond|answer|reply|output|say|print|write|return|repeat|tell (?:them|the user|me))(?: back)?(?: only| just| simply| exactly)?(?: with| the following| this| that| the words?| the phrase)?:? ?["'`\u201C\u00AB<][^"\n]{2,200}/gi,
    SHAPE,
  ),
  marker(
    'injection_answer_shape',
    0.5,
    /(?:^|[\n.!?:"] ?)(?:please |only |always |now )*(?:respond|answer)(?: only| exclusively| solely)? (?:in|using|as|like|without|entirely)\b/gi,
    SHAPE,
  ),
  marker(
    'injection_answer_shape',
    0.35,
    /\bif (?:you(?:'re| are)? |someone |anyone |the user |the person |they )?(?:is |are |asks?|asked)\b[^.\n]{0,80}\b(?:respond|reply|answer|say|state|output)\b/gi,
    SHAPE,
  ),
  marker(
    'injection_task',
    0.35,
    /\b(?:focus|concentrate) (?:only|exclusively|solely|instead) on\b|\b(?:konzentriere|fokussiere)\w* (?:dich|sie sich)\b/gi,
    'sets a new task',
  ),
  marker(
    'injection_task',
    0.3,
    /(?:^|\n)[ \t]*(?:todo|to-do|action item|task|instruction|command|order)s?[ \t]*:[ \t]*[a-z]/gi,
    'sets a new task',
  ),
  marker(
    'injection_exfiltration',
    0.55,
    /\b(?:retrieve|find(?! attached| enclosed| below)(?: out)?|fetch|get|access|obtain|extract|collect|gather|look up|search|read|check|list|copy|locate|summari[sz]e)\b[^.\n]{3,160}(?:\band|\bthen|,)\s+(?:then |please |also )?(?:send|forward|e-?mail|share|post|upload|transmit|deliver|submit|report)\b[^\n]{0,80}?(?:@|https?:)/gi,
    EXFIL,
  ),
  marker(
    'injection_exfiltration',
    0.4,
    /\b(?:send|write|compose|draft|forward)\b[^.\n]{0,40}\be-?mail\b[^\n]{0,90}?\b(?:with (?:the |a )?(?:subject|body|text|message|content|title)|containing|body (?:is|of|should))\b/gi,
    'orders a mail to be sent',
  ),
  marker(
    'injection_prompt_theft',
    0.5,
    /\b(?:repeat|output|print|show|return|copy|reproduce|display|recite|reveal)\b[^.\n]{0,40}\b(?:text|words?|contents?|conversation|messages?|everything|all|lines?)\b[^.\n]{0,24}\b(?:above|before (?:this|the)|so far|verbatim|word for word)/gi,
    'asks for the hidden instructions',
  ),
  marker(
    'injection_prompt_theft',
    0.5,
    /\b(?:your (?:system|initial|initialization|hidden|starting|original|base)|the (?:system|initialization|hidden)) (?:prompts?|instructions?|string|configuration)\b[^\n]{0,80}[?:'"]|\b(?:what|which) (?:were|are|was|is) (?:you|your) (?:told|instruct\w+|given|programmed|configured)\b/gi,
    'asks for the hidden instructions',
  ),
  marker(
    'injection_persona',
    0.5,
    /\bi (?:want|need|would like|'d like) you to (?:act|pretend|be|play|respond|behave|become|forget|ignore|answer|translate|write|print|say)\b|\bich m(?:ö|oe)chte,? dass (?:sie|du) als\b/gi,
    'asks to play another part',
  ),
  marker(
    'injection_persona',
    0.3,
    /\byou are (?:now |going to (?:be|act|pretend) )(?:an? |the )?\w+|\bfrom now on,? you\b|\b(?:let's|lets) (?:role-?play|play a game|pretend)\b/gi,
    'asks to play another part',
  ),
  marker(
    'injection_addressed',
    0.5,
    /\b(?:if|when|whenever|in case|once) (?:the |a |any |your )?(?:user|human|owner|recipient) (?:ever |then |later )?(?:asks?|requests?|wants?|says?|inquires?|prompts?)\b/gi,
    ADDRESSED,
  ),
  marker(
    'injection_task',
    0.35,
    /\b(?:ignore|disregard|forget|discard|drop)\b[^.\n]{0,40}\b(?:except|other than|apart from|besides|and (?:instead|only|just|simply|focus))\b/gi,
    'sets a new task',
  ),
  marker(
    'injection_answer_shape',
    0.45,
    /\b(?:respond|reply|answer|output|print|return|write|say)\b[^.\n]{0,40}\b(?:with only|nothing (?:else|but|more)|exactly (?:this|the following)|only the following|absolutely)\b/gi,
    SHAPE,
  ),
];

function marker(rule: string, weight: number, pattern: RegExp, why: string): Marker {
  return { rule, weight, pattern, why };
}
