"""The closed lists of Portuguese."""

from brickwork_gateway.grounding.lexicon import Lexicon

PORTUGUESE = Lexicon(
    phrases="""
não mais de=no máximo|não mais do que=no máximo|nada menos de=pelo menos|não só=também|
não apenas=também|exceto=mas não|de graça=grátis|sem pagar=grátis|gratuitamente=grátis|
um quarto de hora=15 minutos|meia hora=30 minutos|um século=100 anos|uma década=dez anos|
meia dúzia=seis|uma quinzena=15 dias
""",
    grammar="""
o a os as um uma uns umas de do da dos das em no na nos nas ao aos à às por pelo pela pelos pelas
para pra com sob sobre entre até desde durante e ou que já ainda também só apenas mais menos muito
muita muitos muitas pouco pouca poucos poucas todo toda todos todas tudo cada outro outra outros
outras mesmo mesma este esta estes estas esse essa esses essas isso isto aquele aquela aquilo tu ele
ela eles elas você vocês te lhe lhes se seu sua seus suas dele dela deles delas ser é são foi foram
era eram será serão seria sido está estão estava estavam estar esteja fica ficam ficou ficará ficar
ficaram ter tem têm tinha tinham teve terá terão tenha haver há houve haverá vai vão vamos ir indo
pode podem poder podia podíamos podemos deve devem devia dever fazer faz fez feito fará dar dá dão
deu dado dizer diz disse disseram afirma afirmou explicou explica mencionou menciona comentou
segundo conforme acho acha como assim então bem bom boa sim não obrigado obrigada favor aqui ali lá
agora depois antes hoje querer quer querem quis queria precisa precisam precisar texto gravação
resumo conversa discussão tema orador falante reunião coisa coisas cerca quase mal vez vezes qual
quais quanto quanta quantos quantas cujo dia ano após além via tão tal euro euros real reais dólar
dólares centavo centavos neste nesta nestes nestas nesse nessa nesses nessas nisto nisso naquele
naquela deste desta destes destas desse dessa desses dessas disto disso daquele daquela num numa
nuns numas dum duma alguém algum alguma alguns algumas tanto tanta tantos tantas todavia contudo
portanto logo aliás senão quase bastante bastantes ambos ambas ainda próprio própria enfim talvez
realmente atualmente recentemente anteriormente lugar acontecer acontece aconteceu receber recebe
recebeu receberam vários várias qualquer quaisquer consigo comigo conosco connosco nele nela neles
nelas
""",
    titles="sr sra dr dra senhor senhora seu dona dom doutor doutora mestre",
    negators="não nunca jamais ninguém nenhum nenhuma nada nem sem tampouco",
    refusals="""
recusar recusou recusa rejeitar rejeitou negar negou falhar falhou faltar falta faltam evitar evitou
impedir impediu cancelar cancelou cancelado proibir proibido proibida proibiu incapaz impossível
indisponível suspender suspenso fora ausente desistir desistiu contra falso falsa mentira mito
errado
""",
    constants="continua continuam permanece permanecem mantém mantêm mantido fica ficam ficará",
    halves="meio meia",
    openers="""
que mas porém embora enquanto quando antes depois após desde até se caso cujo onde já
""",
    causes="porque pois causa devido",
    cardinals="""
zero=0 um=1 uma=1 dois=2 duas=2 três=3 quatro=4 cinco=5 seis=6 sete=7 oito=8 nove=9 dez=10 onze=11
doze=12 treze=13 catorze=14 quatorze=14 quinze=15 dezesseis=16 dezasseis=16 dezessete=17
dezassete=17 dezoito=18 dezenove=19 dezanove=19 vinte=20 trinta=30 quarenta=40 cinquenta=50
sessenta=60 setenta=70 oitenta=80 noventa=90 cem=100 cento=100 duzentos=200 duzentas=200
trezentos=300 trezentas=300 quatrocentos=400 quatrocentas=400 quinhentos=500 quinhentas=500
seiscentos=600 seiscentas=600 setecentos=700 setecentas=700 oitocentos=800 oitocentas=800
novecentos=900 novecentas=900 dúzia=12
""",
    ordinals="""
terceiro=3 terceira=3 quinto=5 sexto=6 sétimo=7 sétima=7 oitavo=8 oitava=8 nono=9 nona=9 décimo=10
décima=10
""",
    scales="mil=1000 milhão=1000000 milhões=1000000 bilhão=1000000000 bilhões=1000000000",
    joiners="e",
    calendar="""
janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro segundas
terça terças quarta quartas quinta quintas sexta sextas sábado sábados domingo domingos
""",
    calendar_endings="-feiras -feira",
    first_person="eu me mim meu minha meus minhas nós nosso nossa nossos nossas sou estou tenho",
    first_person_endings="ei",
    bare_noun_endings="am em ou ção ções mento mentos dade dades",
    agents="por pelo pela pelos pelas",
    introductions="""
aqui é a|aqui é o|aqui é|eu sou a|eu sou o|eu sou|sou a|sou o|me chamo|chamo-me|meu nome é|fala a|
fala o
""",
    signatures="aqui falando",
    synonyms="""
avariar avaria estragar| comprar compra adquirir| começar começo iniciar início| terminar acabar
concluir fim final| grande maior enorme| pequeno menor| custo custar preço cobrar| pagar pagamento
pago| dinheiro verba orçamento| reduzir cortar diminuir baixar| aumentar subir crescer| adiar
atrasar| mudar alterar trocar substituir| escolher selecionar| decidir decisão| concordar acordo
aceitar| aprovar aprovação| ajudar apoiar auxiliar| reunir reunião sessão| enviar mandar remeter|
escrever escrito| ligar telefonar| falar conversar contatar| guardar manter| sair partir| chegar
vir| achar encontrar descobrir| perder perda| consertar reparar corrigir| construir construção obra|
usar utilizar| trabalho tarefa emprego| equipe grupo| criança filho| casa lar| carro veículo|
permitir deixar autorizar| medo receio| ferir machucar| inspecionar examinar inspetor verificar|
responder resposta| perguntar pedir solicitar| planejar organizar| sugerir propor recomendar
proposta| esperar aguardar| vender venda| ganhar vencer| votar voto votação| erro falha| problema
questão| causa motivo| semana semanal| perto próximo| garantia garantir| ensinar curso| empresa
firma| rua estrada| aguentar suportar| pôr colocar| oferecer oferta| resto restante| existir haver|
doar doação| aposentar reforma| retirar tirar| encher cheio| velho antigo| novo nova morrer morte
morto| comer comida refeição| beber bebida| cair queda| trazer trouxe trouxeram trouxermos| ver viu
vista olhar| ouvir escutar| saber soube sabia| pus pôs puseram| roubar roubo furto levar| fechar
encerrar| abrir aberto abertura| oposição opor| gratuito graça grátis| dar aula| regressar voltar
volta retorno| aluguel renda alugar| proprietário dono| mecânico técnico| bonito belo lindo| feliz
contente alegre| zangado irritado| mãe mamãe| pai papai| avô avó| menino rapaz garoto| aluno
estudante| professor docente| médico doutor| hospital clínica| filme película| foto fotografia
imagem| carta mensagem| cidade município| aldeia povoado vila| floresta mata bosque| mar oceano|
pedra rocha| caminho trilho| jardim quintal| viagem passeio excursão| bagagem mala| lixo resíduo|
combustível gasolina| caminhão camião| ônibus autocarro| comboio trem| avião aeronave| bicicleta
bike| telemóvel celular| ecrã tela| assinar assinatura| licença permissão| protestar protesto|
queixar queixa reclamar reclamação| ameaçar ameaça| perigo perigoso risco| seguro segurança| salvar
resgatar| procurar busca| fornecer fornecimento entregar entrega| dívida dever| dividir repartir|
dobro duplicar| normal comum| dentro interior| queimar arder fogo incêndio| explodir explosão|
acidente colisão| saltar pular| guiar conduzir| visitar visita| convidar convite| nascer nascimento|
contar contagem| comparar comparação| diferente diferença| exato preciso| certo correto| verdade
verdadeiro| fácil simples| pesado peso| fundo profundo| calmo tranquilo| ruído barulho| claro luz|
tratar tratamento| chefe diretor| mostrar exibir| desejo vontade| diário dia| peixe pescar pesca
""",
    endings="""
s es a o e as os am em ar er ir ou eu iu ei ado ada ados adas ido ida idos idas ando endo indo aram
eram iram arem erem irem aria eria iria ariam ará erá irá arão erão irão ava avam ia iam amos emos
imos ante antes ação ações ição ições amento amentos imento imentos mente agem ões ão ães aste este
inha inho al ais eis asse esse isse
""",
)
