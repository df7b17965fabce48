#pragma once
#include <string_view>

/// Sentences and what they are rewritten into, for rephrase.cc. A pattern covers the whole question but for a full stop
/// or question mark at its end:
///   word|other   one of these words; [word|other] may also be missing
///   <1>          one word or more; *1 may also be none
///   {1}          one word; ~1 one to four words of who asks, and what for; =1 one word or more, no things of the model
///   #1           a number
namespace neurolake::ask {

struct Sentence {
  std::string_view said;
  std::string_view meant;
};
/// Who asks, and how politely: what can always be left out.
inline constexpr Sentence kCourtesies[] = {
    {"dear|hi|hello|hey ~1 , <2>", "<2>"},
    {"dear|hi|hello|hey ~1 - <2>", "<2>"},
    {"[good] morning|hello|hi|hey|afternoon|evening !|,|. <1>", "<1>"},
    {"for [the|my|our|a|an|this] "
     "revenue|sales|board|team|management|quarterly|monthly|weekly|annual|budget|planning|staff|finance|marketing|"
     "operations|morning meeting|report|review|deck|presentation|audit|slide|slides|memo i|we [would] "
     "need|want|require [to] [know|see|have] <2>",
     "<2>"},
    {"can|could u|you [please] tell|give|show me|us [please] <1>", "<1>"},
    {"for ~1 i|we [would] need|want|require [to] [know|see|have] <2>", "<2>"},
    {"*1 i|we would need <2>", "*1 <2>"},
    {"<1> .|, thanks|thank|cheers [you] [very|so] [much]", "<1>"},
    {"<1> please", "<1>"},
    {"*1 [(] both days|dates|ends [are] included|inclusive [)] *2", "*1 *2"},
    {"*1 [(] including|incl both days|dates|ends [)] *2", "*1 *2"},
    {"*1 [(] inclusive [)] *2", "*1 *2"},
};
inline constexpr Sentence kSentences[] = {
    // Words that only weigh what is said.
    {"*1 very first|earliest *2", "*1 first *2"},
    {"*1 very last|latest *2", "*1 last *2"},
    {"*1 highest single|individual <2>", "*1 highest <2>"},
    {"*1 lowest single|individual <2>", "*1 lowest <2>"},
    {"*1 largest single|individual <2>", "*1 largest <2>"},
    {"*1 biggest single|individual <2>", "*1 biggest <2>"},
    {"*1 smallest single|individual <2>", "*1 smallest <2>"},
    {"*1 each|every single|individual <2>", "*1 each <2>"},
    {"<1> all together|combined|taken together *2", "<1> *2"},
    {"<1> together|combined|altogether", "<1>"},
    {"*1 calendar [year] #2 *3", "*1 #2 *3"},
    {"*1 did|do|have we|they|you send|sent|issue|issued|conduct|hold|held|perform|record|recorded|log|logged|have|see "
     "*2",
     "*1 *2"},
    {"how much|many <1> do|does|did|have [all] [the|our] <2> have|make|come [to] [all] [together|combined|altogether]",
     "total <1> of <2>"},
    // So many or more.
    {"*1 #2 {3} or more|above|longer|higher|up *4", "*1 at least #2 {3} *4"},
    {"*1 #2 {3} or less|fewer|below|shorter|lower *4", "*1 at most #2 {3} *4"},
    {"*1 #2 or better|higher|above|more *3", "*1 at least #2 *3"},
    {"*1 #2 or worse|lower|below|less|fewer *3", "*1 at most #2 *3"},
    {"*1 without one|a|even [one|a] single <2>", "*1 without any <2>"},
    {"*1 not {2} again *3", "*1 not {2} *3"},
    {"*1 go|gone|went|move|moved up or down *2", "*1 change *2"},
    {"*1 increase or decrease *2", "*1 change *2"},
    {"*1 this years <2>", "*1 this year <2>"},
    {"*1 last years <2>", "*1 last year <2>"},
    {"how many <1> came|come|have come in *2", "how many <1> *2"},
    {"*1 highest <2> of|in|on a|any single|one day *3", "which day had the highest <2> *1 *3"},
    {"*1 highest <2> of|in|on a|any single|one week *3", "which week had the highest <2> *1 *3"},
    {"*1 highest <2> of|in|on a|any single|one month *3", "which month had the highest <2> *1 *3"},
    {"*1 lowest <2> of|in|on a|any single|one day *3", "which day had the lowest <2> *1 *3"},
    {"*1 lowest <2> of|in|on a|any single|one month *3", "which month had the lowest <2> *1 *3"},
    {"<1> or|vs|versus|and <2> -|,|:|? which|who [one] has|had|have|is|was [the] "
     "higher|larger|bigger|better|longer|lower|smaller|more|shorter|greater <3>",
     "<3> for <1> vs <2>"},
    {"{1} , {2} and {3} {4} *5", "{1} {4} , {2} {4} and {3} {4} *5"},
    {"{1} and {2} {3} by <4>", "{1} {3} and {2} {3} by <4>"},
    {"{1} and {2} {3} per <4>", "{1} {3} and {2} {3} per <4>"},
    {"{1} and {2} {3} in <4>", "{1} {3} and {2} {3} in <4>"},
    // How many.
    {"<1> ,|-|:|;|.|? how many [of] are|were|is|was|do|have [them|those|there|they|we|that|it] "
     "[registered|listed|known|in] "
     "[total|all]",
     "how many <1>"},
    {"<1> ,|-|:|;|.|? how many [of] [them|those|there|they|that|in|are] [total|all|there]", "how many <1>"},
    {"<1> ,|-|:|;|.|? [just|only] [the|a] count|number|total [please|only|of] [them|those]", "how many <1>"},
    {"in|from|at|with|on how many [different|distinct] <1> do|did|does we|they|you have|run|operate|own|offer|manage "
     "<3>",
     "number of different <1> of <3>"},
    {"in|from|at|with|on how many [different|distinct] <1> do|does|are|is [our|the] <2> "
     "live|sit|work|come|operate|based|located|registered [in|from|at]",
     "number of different <1> of <2>"},
    {"how many different|distinct|unique <1> do|did|does our|the <2> "
     "have|use|speak|prefer|cover|come|live|belong|own|know|span|represent [from|in|to]",
     "number of different <1> of <2>"},
    {"number of distinct|different|unique <1> our|the <2> have|use|speak|prefer|cover|own|know|span|represent",
     "number of different <1> of <2>"},
    {"how many of <1>", "how many <1>"},
    // How it is split.
    {"how do|does|did|are|is|were|was [the|our] <1> split|break|divide|divided|distribute|distributed|spread|broken "
     "[up|down|out] over|by|across|among|between|into|on [the|our] [different|various|individual] <2>",
     "<1> by <2>"},
    {"how do|does|did|are|is|were|was [the|our] <1> vary|differ|look|change by|across|over|between|per|with [the|our] "
     "[different|various] <2>",
     "<1> by <2>"},
    {"[what] [is] [the] distribution|split|breakdown|spread|mix|composition of [the|our] <1> "
     "over|by|across|among|into|between "
     "[the|our] [different|various] <2>",
     "<1> by <2>"},
    {"<1> distribution|split|breakdown over|by|across|among [the|our] <2>", "<1> by <2>"},
    {"at|in|during what|which hours|hour of [the] day do|did|are|is|were|was|have|had [we] [have|see|get] [our|the] "
     "<1>",
     "<1> by hour of the day"},
    {"on what|which weekdays|weekday do|did|are|is|were|was|have|had [we] [have|see|get] [our|the] <1>",
     "<1> by weekday"},
    {"on what|which days|day of the week do|did|are|is|were|was|have|had [we] [have|see|get] [our|the] <1>",
     "<1> by weekday"},
    {"in|on|at|during which|what <1> were|was|are|is there <2>", "which <1> had <2>"},
    {"in|on|at|during which|what <1> did|do|does we|they|you have|see|get|record <2>", "which <1> had <2>"},
    // Shares.
    {"how much of [the|our] <1> came|come|comes|stem|stems|stemmed {2} <3>", "what percentage of <1> is {2} <3>"},
    {"how much of [the|our] <1> is|are|was|were|goes|went|falls|fell <2>", "what percentage of <1> is <2>"},
    {"what|which part|portion|slice|chunk of [the|our] <1> is|are|was|were|comes|came|goes|went <2>",
     "what percentage of <1> is <2>"},
    {"[the] share of each <1> in|of [the] <2> of|in|within its|the|their <3>", "share of <2> by <1> within each <3>"},
    {"each|every <1> share of|in [the] <2> of|in|within its|the|their <3>", "share of <2> by <1> within each <3>"},
    {"*1 ( in|as % ) *2", "*1 in % *2"},
    {"*1 ( in|as percent|percentage ) *2", "*1 in percent *2"},
    // All but some.
    {"*1 for|of|in|from|with everything|all|anything|everyone|everywhere except|but|besides [for] <2>",
     "*1 except <2>"},
    {"*1 everything|anything|everyone|everywhere else|other than <2>", "*1 except <2>"},
    // Rows and what is shown of them.
    {"who|what|which are [our|the] <1> ?|:|,|- [with|and] [their] <2>", "list <1> with <2>"},
    {"list|show|give|display [me|us] [the] =1 of|for every|each|all [of] [the|our] <2>", "list all <2> with =1"},
    {"list|show|give|display [me|us] [the] =1 of [the|our] <2>", "list <2> with =1"},
    {"list|show|give|display [me|us] [the|our|all] <1> : <2>", "list <1> with <2>"},
    {"list|show|give|display [me|us] [the|our|all] <1> - <2>", "list <1> with <2>"},
    // So many of them.
    {"<1> , #2 of them|those|these , *3", "#2 <1> *3"},
    {"<1> , #2 of them|those|these *3", "#2 <1> *3"},
    {"<1> , [only|just] [the] top|first #2 [only|please]", "top #2 <1>"},
    {"*1 the #2 <3> seen|found|recorded|observed|occurring|appearing most often|frequently|commonly *5",
     "*1 the #2 most frequent <3> *5"},
    {"*1 the #2 <3> {4} most often|frequently|commonly *5", "*1 the #2 most often {4} <3> *5"},
    {"which|what [is|was] [the] <1> {2} [the] most recently", "the most recently {2} <1>"},
    {"which|what [is|was] [the] <1> [was|were|has|have] {2} last|latest", "the most recently {2} <1>"},
    {"which|what [is|was] [the] <1> [was|were|has|have] {2} first|earliest", "the first {2} <1>"},
    {"which|what [is|was] [the] <1> [was|were|has|have] {2} [the] earliest", "the first {2} <1>"},
    // What belongs to what is said before it.
    {"<1> : <2>", "<2> for <1>"},
    {"<1> : <2>", "<2> by <1>"},
    {"<1> : <2>", "<1> <2>"},
    {"<1> - <2>", "<2> for <1>"},
    {"<1> ( non <2> ) *3", "<1> , non <2> *3"},
    {"<1> ( not <2> ) *3", "<1> , not <2> *3"},
    {"<1> ( excluding <2> ) *3", "<1> , excluding <2> *3"},
    {"<1> ( without <2> ) *3", "<1> , without <2> *3"},
    {"<1> ( only <2> ) *3", "<1> , only <2> *3"},
    {"<1> ( by <2> ) *3", "<1> , by <2> *3"},
    {"<1> ( per <2> ) *3", "<1> , per <2> *3"},
    {"<1> ? <2>", "<1> , <2>"},
    // Going on from the question before.
    {"which|what|who one|ones is|are|was|were|has|have|had the longest|largest|highest|biggest|greatest|most|best",
     "top 1"},
    {"which|what|who is|are|was|were the longest|largest|highest|biggest|greatest one", "top 1"},
    {"which|what|who one|ones is|are|was|were|has|have|had the shortest|smallest|lowest|fewest|least", "bottom 1"},
    {"{1} first , only|just [the] #2 worst|best|highest|lowest|largest|smallest|ones", "{1} #2"},
    {"split|break|divide|slice that|it|this|them [down|up] by|per|over <1>", "by <1>"},
    {"[and] [the] same month|quarter|week|period|time|day last|previous|prior year", "and the year before"},
    {"only|just those|these|the|ones [that|which|who] [are|were] [still|currently|now] <1>", "only <1>"},
    {"only|just still|currently <1>", "only <1>"},
};

}  // namespace neurolake::ask
