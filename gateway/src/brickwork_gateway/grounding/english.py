"""The closed lists of English."""

from brickwork_gateway.grounding.lexicon import Lexicon

ENGLISH = Lexicon(
    grammar="""
a an the and or of to in on at by for from with as into onto over under above below up down out off
about around between among through during than then that this these those there here such just only
also too very much many more most some any each every all both either another other others same own
again still yet already even ever once you he she it they him her them your his its their who whom
whose what where why how is are was were be been being do does did done doing have has had having
will would shall should can could may might must let lets get gets got getting go goes going went
come comes came make makes made making take takes took taken taking give gives gave given giving put
puts say says said saying tell tells told mention mentions mentioned explain explains explained
discuss discusses discussed describe describes described highlight highlights highlighted emphasize
emphasizes emphasized note notes noted state states stated report reported consider considered
considers want wants wanted need needs needed like yes okay ok well right good fine please thank
thanks one ones thing things speaker speakers text transcript recording summary passage author
conversation discussion topic instead meanwhile however though therefore according due think thought
believe know really quite roughly approximately nearly almost so now later able upon per within
towards toward against across along it's that's there's he's she's let's euro euros dollar dollars
pound pounds cent cents time times lot lots bit way kind sort says'
""",
    titles="mr mrs ms dr miss sir madam",
    negators="not no never nobody none nothing neither nor nowhere without cannot hardly",
    refusals="""
refuse refused reject rejected deny denied decline declined fail failed failure lack lacks lacking
avoid avoided prevent prevented cancel cancelled canceled forbid forbidden forbade ban banned unable
unavailable impossible unlikely unfinished incomplete missing absent prohibited exclude excluded
withdraw withdrew withdrawn overlooked except oppose opposed against
""",
    constants="stay stays stayed remain remains remained unchanged still keep keeps kept",
    halves="half",
    openers="""
that because but although though while whereas when before after since until if which who so unless
""",
    cardinals="""
zero=0 one=1 two=2 three=3 four=4 five=5 six=6 seven=7 eight=8 nine=9 ten=10 eleven=11 twelve=12
thirteen=13 fourteen=14 fifteen=15 sixteen=16 seventeen=17 eighteen=18 nineteen=19 twenty=20
thirty=30 forty=40 fifty=50 sixty=60 seventy=70 eighty=80 ninety=90 dozen=12
""",
    ordinals="""
third=3 fourth=4 fifth=5 sixth=6 seventh=7 eighth=8 ninth=9 tenth=10 eleventh=11 twelfth=12
thirteenth=13 fourteenth=14 fifteenth=15 sixteenth=16 seventeenth=17 eighteenth=18 nineteenth=19
twentieth=20 thirtieth=30
""",
    scales="hundred=100 thousand=1000 million=1000000 billion=1000000000",
    joiners="and",
    calendar="""
january february march april may june july august september october november december monday tuesday
wednesday thursday friday saturday sunday mondays tuesdays wednesdays thursdays fridays saturdays
sundays
""",
    first_person="i i'm i'll i've i'd me my mine myself we we'll we're we've us our ours",
    bare_noun_endings="ing tion tions ment ments ness",
    agents="by",
    introductions="i am|i'm|this is|my name is|it is|you are speaking to",
    signatures="here speaking",
    synonyms="""
buy bought purchase acquire|begin began begun start launch commence|end finish complete conclude|
big large great huge|small little tiny|fast quick rapid|cheap inexpensive|expensive dear costly|
cost price charge fee|pay paid payment|money budget fund funding|reduce cut lower decrease shrink|
raise increase rise rose grow grew|delay postpone defer|move moved shift|choose chose chosen pick
select|decide decision decided|agree accord agreement accept|approve approval|help assist support
aid| show exhibition|display present|meet met meeting session|send sent deliver mail|write wrote
written| call phone telephone contact|speak spoke talk|hold held keep kept retain|leave left depart|
arrive reach|find found discover|lose lost loss|break broke broken fracture|fix repair mend| replace
exchange swap|change alter modify|build built construct|use using employ utilise utilize| work job
task|team group|boss manager chief head|child kid children kids|man men|woman women| person
people|house home|car vehicle|ship boat vessel|require need must|allow permit let| fear afraid
scared|hurt injure wound bruise|check inspect examine control|test try trial| answer reply respond
response|question ask asked request|plan intend organise organize arrange| suggest propose recommend
advise|hope expect|promise pledge|own possess|carry transport| lend lent loan|rent hire lease|sell
sold sale|win won|vote ballot|law rule regulation| error mistake fault|problem issue trouble|result
outcome|reason cause|main chief principal| yearly annual|weekly week|daily day|monthly month|near
close|evening night|gather collect| ensure guarantee|contract deal|contribute donate give|teach
taught train|learn learnt| visitor guest|customer client|worker employee staff|company firm|shop
store|road street| clean tidy wash|sick ill illness|doctor physician|quiet silent|ready prepared
""",
    endings="""
s es ed ing ings er ers or ors ly ion ions ation ations ment ments ness e able al ally ity 'll 've
're 'd 's
""",
)
