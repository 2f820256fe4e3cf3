"""The closed lists of English."""

from brickwork_gateway.grounding.lexicon import Lexicon

ENGLISH = Lexicon(
    phrases="""
no more than=at most|not more than=at most|no less than=at least|
not less than=at least|no fewer than=at least|no later than=by|not later than=by|not only=also|
not until=only from|not before=only from|no one=nobody|
for free=free|free of charge=free|without charge=free|without pay=free|for nothing=free|
as it is=unchanged|a quarter of an hour=15 minutes|half an hour=30 minutes|a century=100 years|
three quarters of an hour=45 minutes|a fortnight=two weeks|half a dozen=six|a decade=ten years
""",
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
pound pounds cent cents time times lot lots bit way kind sort says' someone somebody something
anyone anybody anything everyone everybody everything several few less least enough whether single
whole place places happen happens happened receive receives received currently recently previously
previous addition additional both hence thus upon among amongst besides despite apart rather else
perhaps maybe probably certainly actually simply
""",
    titles="mr mrs ms dr doctor professor miss sir madam captain skipper",
    negators="not no never nobody none nothing neither nor nowhere without cannot hardly",
    refusals="""
refuse refused reject rejected deny denied decline declined fail failed failure lack lacks lacking
avoid avoided prevent prevented cancel cancelled canceled forbid forbidden forbade ban banned unable
unavailable impossible unlikely unfinished incomplete missing absent prohibited exclude excluded
withdraw withdrew withdrawn overlooked except oppose opposed against off false untrue myth
stop stopped decline
""",
    constants="stay stays stayed remain remains remained unchanged still keep keeps kept",
    halves="half",
    limits="than",
    openers="""
that but although though while whereas when before after until if which who so unless
""",
    causes="because since due",
    cardinals="""
zero=0 one=1 two=2 three=3 four=4 five=5 six=6 seven=7 eight=8 nine=9 ten=10 eleven=11 twelve=12
thirteen=13 fourteen=14 fifteen=15 sixteen=16 seventeen=17 eighteen=18 nineteen=19 twenty=20
thirty=30 forty=40 fifty=50 sixty=60 seventy=70 eighty=80 ninety=90 dozen=12 twice=2 twenties=20
thirties=30 forties=40 fifties=50 sixties=60 seventies=70 eighties=80 nineties=90
""",
    ordinals="""
third=3 fourth=4 fifth=5 sixth=6 seventh=7 eighth=8 ninth=9 tenth=10 eleventh=11 twelfth=12
thirteenth=13 fourteenth=14 fifteenth=15 sixteenth=16 seventeenth=17 eighteenth=18 nineteenth=19
twentieth=20 thirtieth=30 second=2
""",
    scales="hundred=100 thousand=1000 million=1000000 billion=1000000000",
    joiners="and",
    calendar="""
january february march april may june july august september october november december monday tuesday
wednesday thursday friday saturday sunday mondays tuesdays wednesdays thursdays fridays saturdays
sundays
""",
    first_person="i i'm i'll i've i'd me my mine myself we we'll we're we've us our ours",
    bare_noun_endings="ing tion tions ment ments ness ers ors ents ants ists ies",
    agents="by",
    introductions="i am|i'm|this is|my name is|it is|you are speaking to",
    signatures="here speaking",
    synonyms="""
today nowadays| buy bought purchase acquire| begin began begun start launch commence| end finish
complete conclude| big large great huge| small little tiny| fast quick rapid| cheap inexpensive|
expensive dear| cost costly price charge fee| pay paid payment| money budget fund funding| reduce
cut lower decrease shrink| raise increase rise rose grow grew| delay postpone defer| move moved
shift| choose chose chosen pick select| decide decision decided| agree accord agreement accept|
approve approval| help assist support aid| show exhibition| display present| meet met meeting
session| send sent deliver mail| write wrote written| call phone telephone contact| speak spoke
talk| hold held keep kept retain| leave left depart| arrive reach| find found discover| lose lost
loss| break broke broken fracture| fix repair mend| replace exchange swap| change alter modify|
build built construct| use using employ utilise utilize| work job task| team group| boss manager
chief head| child kid children kids| man men| woman women| person people| house home| car vehicle|
ship boat vessel| require need must| allow permit let| fear afraid scared| hurt injure wound bruise|
check inspect examine control| test try trial| answer reply respond response| question ask asked
request| plan intend organise organize arrange| suggest propose recommend advise| hope expect|
promise pledge| own possess| carry transport| lend lent loan| rent hire lease| sell sold sale| win
won| vote ballot| law rule regulation| error mistake fault| problem issue trouble| result outcome|
reason cause| main principal| yearly annual| weekly week| daily day| monthly month| near close|
evening night| gather collect| ensure guarantee| contract deal| contribute donate give| teach taught
train| learn learnt| visitor guest| customer client| company firm| shop store| road street| clean
tidy wash| sick ill illness| doctor physician| quiet silent| ready prepared risen up upward| free
gratis| last final latest| live life lived| die died dead death killed| kill murder| eat ate eaten|
drink drank drunk| drive drove driven| ride rode ridden| fall fell fallen| fly flew flown| bring
brought introduce| catch caught| grown growth| know knew known| read reading| sing sang sung| see
saw seen look watch| hear heard listen| feel felt| wear wore worn| throw threw thrown| swim swam
swum| run ran| steal stole stolen theft| hide hid hidden| freeze froze frozen| tear tore torn|
forget forgot forgotten| sleep slept| stand stood| sit sat| lie lay lain| salary wage| harm damage
harmful| distinguish apart differentiate| return back| remove removal| absorb swallow| rain rained
rainy poured| wet damp| hot heat warm| cold chill| beautiful pretty lovely nice| wonderful splendid|
wise clever smart intelligent| strange odd weird| angry furious| happy glad pleased| sad unhappy|
tired exhausted| rich wealthy| poor needy| old elderly aged| young youthful| mother mum mom| father
dad| parent parents| grandmother granny gran| grandfather granddad| wife wives| knife knives| foot
feet| tooth teeth| mouse mice| goose geese| pupil student| film movie| photo photograph picture|
newspaper paper| story tale| song tune| town city| village hamlet| wood forest| field meadow
pasture| sea ocean| stone rock| path trail track| garden yard| holiday vacation| trip journey voyage
tour travel| luggage baggage| rubbish garbage trash waste| petrol gas fuel| lorry truck| bike
bicycle| aircraft aeroplane| sign signature signed| refuse decline reject| protest oppose object|
favour favor| complain complaint complained| apologise apologize apology| thank gratitude| praise
admire| threat threaten threatened| warn warning| danger dangerous risk| safe safety secure| rescue
save| search seek sought| lack shortage short| supply delivery provide| order ordered| discount
reduction| income earnings revenue| profit gain| debt owe| donation gift| share split divide| half
halves| whole entire| often frequent| usual normal ordinary| sudden abrupt| next coming| beside
adjacent| inside within| outside outdoors| fill fulfil full| empty vacant| open opened| lock locked|
hang hung| stick stuck| burn burnt fire| explode explosion| crash collision collide| melt thaw| pull
drag| push shove| lift elevator| climb ascend| jump leap| walk walked| follow followed| guide lead
led| join participate part| invite invitation| marry married wedding| born birth| study studied
research| count number| measure measurement| compare comparison contrast| differ difference
different| similar alike| exact precise| correct right accurate| true truth| important significant|
necessary essential| possible feasible| difficult hard| easy simple| strong powerful| weak feeble|
heavy weight weigh| long length| wide width broad| high height tall| deep depth| thick dense| strict
severe| loud noisy noise| dark darkness| bright light| ache pain| cure heal treatment treat| nurse
nursing| hospital clinic| medicine drug medication| strain strained sprain| swell swollen| pregnant
pregnancy| baby infant| neighbour neighbor| colour color| centre center middle| theatre theater|
programme program| litre liter| licence license| grey gray| labour labor
""",
    stem_characters_min=4,
    endings="""
s es ed ing ings er ers or ors ly ion ions ation ations ment ments ness e able al ally ity 'll 've
're 'd 's
""",
)
