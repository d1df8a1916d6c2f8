"""What a QA engineer of a pharmacy takes for the same words, and what never is."""

from __future__ import annotations

import pytest

from balto_cli.evaluation import normalize

SAME = """
# doses e unidades
500 mg | quinhentos miligramas
500mg | 500 mg
quinhentas miligramas | 500 mg
500 MG | 500mg
1 g | um grama
1g | uma grama
2,5 ml | dois ml e meio
2,5 ml | dois e meio ml
2,5 mL | dois vírgula cinco mililitros
2.5 ml | 2,5 ml
5 ml | cinco mililitros
0,5 mg | meio miligrama
0,25 mg | um quarto de miligrama
0,05 mg | zero vírgula zero cinco miligramas
50 mcg | 50 µg
50 µg | cinquenta microgramas
50 μg | 50 mcg
88 mcg | oitenta e oito microgramas
18 kg | dezoito quilos
18,5 kg | dezoito quilos e meio
18,5kg | dezoito e meio quilos
5000 UI | cinco mil unidades internacionais
5.000 UI | 5000 U.I.
10 gotas | dez gotas
20 gts | vinte gotas
750 mg | setecentos e cinquenta miligramas
1500 mg | mil e quinhentos miligramas
1.500 mg | 1500mg
1,5 g | um grama e meio
1,5 g | um e meio grama
1 l | um litro
1,5 litro | um litro e meio
meio litro | 0,5 l
10 cm | dez centímetros
500 mg/5 ml | 500 miligramas por 5 mililitros
500mg/5mL | quinhentos miligramas por cinco mililitros
40 mg/ml | quarenta miligramas por ml
10 mg/kg/dia | dez miligramas por quilo por dia
5㎎ | 5 miligramas
mg | miligramas
# decimais e milhares
1.500 | 1500
1.500 | mil e quinhentos
1,500 | 1,5
1.500,75 | 1500,75
12.000 | doze mil
2 mil | dois mil
2 mil e quinhentos | 2.500
1.000.000 | um milhão
1 milhão | 1000000
1,5 milhão | um milhão e meio
2,50 | 2,5
2.5 | dois vírgula cinco
dois ponto cinco | 2,5
5,0 mg | 5 mg
38.2 | 38,2
38,2 | trinta e oito vírgula dois
05 comprimidos | cinco comprimidos
100 | cem
120 | cento e vinte
2026 | dois mil e vinte e seis
999.999 | novecentos e noventa e nove mil novecentos e noventa e nove
vinte e um | 21
oito sete quatro | 8 7 4
# metades e frações
1/2 comprimido | meio comprimido
½ comprimido | meio comprimido
1½ comprimido | um comprimido e meio
1 1/2 comprimido | um e meio comprimido
1,5 comprimidos | um comprimido e meio
2 1/2 | dois e meio
meia caixa | 1/2 caixa
meia cápsula | ½ cápsula
meio copo | 1/2 copo
3/4 | três quartos
1/4 | um quarto
1/4 de comprimido | um quarto de comprimido
1/3 | um terço
2/3 | dois terços
¾ | três quartos
meia dúzia | 1/2 dúzia
uma dúzia | 12
meia dúzia | seis
duas caixas e meia | 2,5 caixas
2 e 1/2 | dois e meio
# horas
14h30 | 14:30
14h30 | catorze horas e trinta minutos
14:30 | quatorze horas e trinta
às 14h30 | às quatorze e trinta
às 14:30 | às catorze e trinta
às 14h30min | às 14:30
14h30m | 14h30
14 h 30 min | 14:30
8h | oito horas
8 h | 8 horas
8 hs | 8h
8hrs | 8 horas
1h | uma hora
às 8h | às oito horas
às 8h | às oito
às 8:00 | às 8 horas
14:00 | catorze horas
14h00 | 14h
08:30 | 8:30
8h30 | oito horas e meia
2h30 | duas horas e meia
às 2h30 | às duas e meia
2h30 da tarde | duas e meia da tarde
8:30 da manhã | oito e trinta da manhã
8:05 | oito horas e cinco minutos
das 8h às 18h | das oito às dezoito
até as 14h30 | até as quatorze e trinta
à 1h | à uma hora
à 1h30 | à uma e meia
30 min | trinta minutos
30min | 30 minutos
1,5 hora | uma hora e meia
meia hora | 1/2 hora
meio-dia e meia | 12:30
meio-dia | meio dia
às oito trinta | às 8:30
8:30h | 8h30
# intervalos e posologia
8/8h | de 8 em 8 horas
8/8 h | de oito em oito horas
8 em 8 horas | de 8 em 8 horas
de 8/8h | 8/8 horas
oito em oito horas | 8/8h
12/12h | de doze em doze horas
de 6 em 6h | 6/6h
2 em 2 dias | de dois em dois dias
3x ao dia | três vezes ao dia
1x ao dia | uma vez ao dia
2x/dia | duas vezes por dia
1 cp 12/12h | um comprimido de doze em doze horas
2 comp. | dois comprimidos
1 comp | um comprimido
1 cx c/ 30 comp | uma caixa com trinta comprimidos
2 cxs | duas caixas
1 cx. | uma caixa
s/ receita | sem receita
p/ dor | para dor
2 cáps. | duas cápsulas
1 amp | uma ampola
10 un | dez unidades
50/850 | cinquenta barra oitocentos e cinquenta
# dinheiro
R$ 12,50 | doze reais e cinquenta centavos
R$ 12,50 | 12 reais e 50
R$12,50 | 12,50 reais
R$ 12 | doze reais
R$ 12,00 | doze reais
R$ 7,49 | sete reais e quarenta e nove centavos
R$ 0,50 | cinquenta centavos
R$ 1,00 | um real
R$ 1,99 | um real e noventa e nove
R$ 1.500,00 | mil e quinhentos reais
R$ 5 mil | cinco mil reais
R$ 18,05 | dezoito reais e cinco centavos
r$ 7,49 | R$7,49
sai por R$ 27,50 | sai por vinte e sete e cinquenta
custa 7,49 | custa sete e quarenta e nove
fica R$ 12,90 | fica doze e noventa
US$ 10 | dez dólares
€ 5 | cinco euros
12,50 | 12,5
# porcentagem
50% | cinquenta por cento
50 % | 50 por cento
10% de desconto | dez por cento de desconto
2,5% | dois vírgula cinco por cento
70% | 70 porcento
# temperatura
39,5 °C | 39 e meio graus
39,5 °C | trinta e nove e meio graus
39,5°C | 39,5 graus
39,5 ºC | trinta e nove vírgula cinco graus
39,5° | 39,5 graus
39 °C | trinta e nove graus
39 graus e meio | 39,5 graus
38,2 graus Celsius | 38,2 °C
37,8 de febre | trinta e sete e oito de febre
39℃ | 39 graus
# ordinais
2ª dose | segunda dose
2a dose | segunda dose
1º | primeiro
1.º | primeiro
1° andar | primeiro andar
3º | terceiro
10ª | décima
21º | vigésimo primeiro
4º andar | quarto andar
2º comprimido | segundo comprimido
2ª-feira | segunda-feira
3ª feira | terça-feira
6ª feira | sexta feira
nº 5 | número cinco
n° 5 | número 5
# datas
15/03/2026 | quinze de março de 2026
15/03/2026 | quinze de março de dois mil e vinte e seis
15/3/26 | 15/03/2026
15-03-2026 | 15/03/2026
15.03.2026 | 15/03/2026
2026-03-15 | 15/03/2026
dia 15/03 | dia quinze de março
dia 15 do 3 | dia 15/03
15 do 3 de 2026 | quinze do três de dois mil e vinte e seis
15 do 3 de 2026 | 15/03/2026
1º de março | primeiro de março
01/03 | primeiro de março
dia 12/8 | dia doze de agosto
03/2026 | março de 2026
# pressão
12/8 | doze por oito
12x8 | 12 por 8
12 x 8 | doze por oito
pressão 18/11 | pressão dezoito por onze
120/80 | cento e vinte por oitenta
# fala
pra mim | para mim
pro meu marido | para o meu marido
pras dores | para as dores
tá bom | está bom
tô com febre | estou com febre
tava melhor | estava melhor
né | não é
é bom, né? | é bom, não é?
cê tem | você tem
cês têm | vocês têm
vamo ver | vamos ver
peraí | espera aí
num sei | não sei
eu num tomo | eu não tomo
num tem | não tem
num posto | em um posto
numa caixa | em uma caixa
dum remédio | de um remédio
copo d'água | copo de água
copo d’água | copo d'água
num é | né
tamo aqui | estamos aqui
vc tem | você tem
# abreviaturas
Dr. Paulo | doutor Paulo
Dra. Ana | doutora Ana
Sr. João | senhor João
a Sra. quer | a senhora quer
Srta. | senhorita
AAS | A.A.S.
a.a.s. | AAS
séc. 3 a.C. | séc. 3 antes de Cristo
# grafia
cinqüenta | cinquenta
cinqüenta | 50
idéia | ideia
enjôo | enjoo
vôo | voo
diarréia | diarreia
jóia | joia
lingüiça | linguiça
esteróide | esteroide
vêem | veem
freqüente | frequente
pára | para
xampu | shampoo
anti-inflamatório | antiinflamatório
anti inflamatório | anti-inflamatório
antiinflamatório | antinflamatório
anti-séptico | antisséptico
anti-alérgico | antialérgico
guarda-chuva | guarda chuva
soro fisiológico a 0,9% | soro fisiológico a zero vírgula nove por cento
você | voce\u0302
“Tem sim” | tem sim
DIPIRONA | dipirona
quatorze | catorze
(500 mg) | 500 mg
tem [risos] sim | tem sim
[ruído] oi | oi
oi (inaudível) | oi
<unk> oi | oi
<|pt|> oi | oi
*risos* oi | oi
B12 | b doze
vitamina D3 | vitamina d três
omeprazol20mg | omeprazol 20 mg
anti-inflamatórios | antiinflamatórios
losartana 50mg+12,5mg | losartana 50 mg mais 12,5 mg
20 ml/h | vinte mililitros por hora
2 cx | duas caixas
cxs | caixas
# mais fala de balcão
me vê uma cx de dipirona 500mg c/ 10 comp | me vê 1 caixa de dipirona quinhentos miligramas com dez comprimidos
tomar 1 cp 8/8h por 7 dias | tomar um comprimido de oito em oito horas por sete dias
deu 37,8 no termômetro | deu trinta e sete e oito no termômetro
febre de 38,5 | febre de trinta e oito e cinco
são 3h30 | são três e meia
abre das 8h às 18h30 | abre das oito às dezoito e trinta
1,70 m | um metro e setenta
2,3 kg | dois quilos e trezentos gramas
R$ 2 milhões | dois milhões de reais
R$ 5,50 | cinco reais e meio
sai por R$ 1,99 | sai por um e noventa e nove
3x de R$ 10 | três vezes de dez reais
0,75 ml | três quartos de ml
12,75 mg | doze vírgula sete cinco miligramas
Amoxicilina 500mg c/ 21 cáps. | amoxicilina quinhentos miligramas com vinte e uma cápsulas
nasci em 10/05/85 | nasci em dez do cinco de oitenta e cinco
validade 05/2027 | validade maio de dois mil e vinte e sete
pressão 14/9 | pressão quatorze por nove
meio por cento | 0,5%
um e setenta de altura | 1,70 de altura
1m70 | um metro e setenta
pressão 120/80 mmHg | pressão cento e vinte por oitenta mmHg
por 5-7 dias | por cinco a sete dias
0-6 meses | zero a seis meses
5–10 mg | cinco a dez miligramas
6-8h | seis a oito horas
,5 mg | meio mg
.5 mg | zero vírgula cinco miligramas
às 2h50 | às duas e cinquenta
2h da tarde | duas da tarde
meio-dia e quinze | 12h15
meia-noite e dez | 0h10
tá saindo a 19,90 | está saindo a dezenove e noventa
meu troco é 2,20 | meu troco é dois e vinte
R$ 1.234,56 | mil duzentos e trinta e quatro reais e cinquenta e seis centavos
vitamina D 50.000 UI | vitamina D cinquenta mil unidades internacionais
penicilina 1.200.000 UI | penicilina um milhão e duzentas mil UI
meia colher de chá | ½ colher de chá
a cada 8h | a cada oito horas
1 cp/dia | um comprimido por dia
em 3x de R$ 20 | em três vezes de vinte reais
fralda tamanho G | fralda tamanho g
leve 3, pague 2 | leve três pague dois
# telefone e documentos
(11) 98765-4321 | um um nove oito sete seis cinco quatro três dois um
11 98765-4321 | onze nove oito sete meia cinco quatro três dois um
+55 11 91234-5678 | mais cinco cinco um um nove um dois três quatro cinco seis sete oito
0800 123 4567 | zero oitocentos um dois três quatro cinco seis sete
CPF: 123.456.789-09 | CPF um dois três quatro cinco seis sete oito nove zero nove
RG 12.345.678-9 | RG um dois três quatro cinco seis sete oito nove
CEP 01310-100 | CEP 01310100
99876-5432 | nove nove oito sete seis cinco quatro três dois
0800 | zero oito zero zero
0800 | zero oitocentos
três meia cinco dois | 3 6 5 2
nove nove meia oito | 9 9 6 8
# ouvido no balcão
cê tá com febre? | você está com febre
tô precisando de um remédio pra dor | estou precisando de um remédio para dor
tá bom pro senhor | está bom para o senhor
brigado, viu | obrigado viu
brigada, moça | obrigada moça
pera aí um pouquinho | espera aí um pouquinho
deixeu ver | deixa eu ver
num precisa de receita | não precisa de receita
num vende sem receita | não vende sem receita
pruma amiga | para uma amiga
hmm, deixa eu ver | hum, deixa eu ver
ãh, sim | ahn sim
ahã, é isso | aham é isso
um quilo e meio | 1,5 kg
um kilo e meio | 1,5 quilo
meio quilo de algodão | 0,5 kg de algodão
meio comprimido de manhã e meio à noite | 1/2 comprimido de manhã e 1/2 à noite
um comprimido cedo e meio de noite | 1 comprimido cedo e 1/2 de noite
meia ampola | 0,5 ampola
oitocentos e setenta e cinco miligramas | 875mg
875/125 | oitocentos e setenta e cinco barra cento e vinte e cinco
dipirona gotas 500 mg/mL | dipirona gotas quinhentos miligramas por ml
100 UI/mL | cem unidades internacionais por ml
100 unidades/ml | cem unidades por ml
insulina NPH 20 unidades | insulina NPH vinte unidades
vitamina D 7.000 UI | vitamina D sete mil UI
20 drg | vinte drágeas
30 drágs. | trinta drágeas
agulha 13 x 4,5 | agulha treze por quatro vírgula cinco
FPS 30 | fps trinta
ômega-3 | ômega três
B1, B6 e B12 | b um b seis e b doze
Dorflex Uno | dorflex uno
Novalgina 1 g | novalgina um grama
Tylenol 750 | tylenol setecentos e cinquenta
Diovan HCT 160/12,5 | diovan hct 160 barra 12,5
38 e meio de febre | 38,5 de febre
pressão 11/7 | pressão onze por sete
140/90 | cento e quarenta por noventa
às vinte e duas e quinze | às 22h15
quinze pras oito | 15 para as 8
das nove ao meio-dia | das 9h ao meio-dia
2x por semana | duas vezes por semana
2 anos e meio | dois anos e meio
R$ 189,90 | cento e oitenta e nove reais e noventa
mil e duzentos e cinquenta reais | R$ 1.250,00
dá R$ 45 | dá quarenta e cinco reais
saiu R$ 39,90 | saiu trinta e nove e noventa
0800 700 1111 | zero oitocentos sete zero zero um um um um
(11) 98876-5432 | onze nove oito oito sete meia cinco quatro três dois
99761-0023 | nove nove sete meia um zero zero dois três
23ª | vigésima terceira
15º dia | décimo quinto dia
vence em 12/2027 | vence em dezembro de 2027
um grama e meio por dia | 1,5 g/dia
"""

APART = """
# números
15 | 50
15 mg | 50 mg
2,5 | 25
2,5 | 2 5
2,5 ml | 25 ml
2.5 | 25
0,5 mg | 5 mg
0,05 | 0,5
1.500 | 1,5
1.500 | 1,500
60 | 70
seis | sete
três | treze
sessenta | setenta
dezesseis | seis
2 mil | 2
cem | sem
8 7 4 | 874
1/2 | 12
1½ | 11/2
1/2 | 1 2
3/4 | 34
meio comprimido | um comprimido
dois comprimidos | dois comprimidos e meio
1,5 comprimido | 15 comprimidos
1/3 | 1/2
,5 mg | 5 mg
.5 mg | 5 mg
5-7 dias | 57 dias
5-7 dias | 7-5 dias
5-7 dias | 5 dias
11 comprimidos 2 vezes | 1 1 comprimidos 2 vezes
# unidades
50 mg | 50 g
moro em MG | tomo 5 mg
50 mg | 50 mcg
mg | g
mcg | mg
ml | l
ml | mg
5 ml | 5 l
5000 UI | 5000
50 | 50 %
50% | 50
50% | 50 mg
10 gotas | 10 ml
500 mg | 500
39 graus | 39
um comprimido | uma cápsula
2 caixas | 2 cartelas
# horas
às 8 | 8 comprimidos
2h50 | dois e cinquenta
às 2h50 | R$ 2,50
ao meio-dia e 15 comprimidos | 12:15 comprimidos
a cada 8 horas | 8 horas
às 8 horas | 8 comprimidos
quatorze e trinta comprimidos | 14h30 comprimidos
às quatorze e trinta comprimidos | às 14h30 comprimidos
14:30 | 14,30
14h30 | 1430
14:30 | 14:03
às 8 | às 18
8h | 8 dias
8/8h | 6/6h
8/8h | 88 h
de 8 em 8 horas | às 8 horas
meia-noite | 1/2 noite
meio-dia | 1/2 dia
2 e meia | 2 e 30
# dinheiro
R$ 12,50 | R$ 125
R$ 12,50 | R$ 12,05
R$ 7,49 | 7,49
12 reais | 12
50 centavos | 50 reais
R$ 10 | US$ 10
12 reais e 50 comprimidos | 12,50 reais comprimidos
# datas
15/03 | 15/04
15/03/2026 | 15/03/2025
12/08/2026 | 08/12/2026
dia 12/8 | 12 por 8
12/8 | 128
primeiro de março | um terço
# negação e fala
não tomo | tomo
num tomo | tomo
não tem | tem
num posto | não posto
né | é
pode | pôde
está | esta
tá | ta
pra | por
sem receita | com receita
# acentos
avó | avô
avó | avo
não | nao
coco | cocô
sábia | sabia
é | e
às | as
pêssego | pessego
# medicamentos e palavras
prednisona | prednisolona
losartana | valsartana
dipirona | dipirina
clonazepam | clobazam
cetirizina | cefalexina
hidroxizina | hidralazina
AAS | as
Dr. | Dra.
senhor | senhora
segunda dose | terceira dose
2º | 2ª
segundo o médico | 2ª o médico
meio ruim | 0,5 ruim
estômago meio ruim | estômago 0,5 ruim
no meio do peito | no 0,5 do peito
(tosse) seca | seca
(500 mg) | 500
vitamina B12 | vitamina B2
vitamina D | vitamina de
buscopan composto | buscopan comprimido
G | 9
tomar 1 | tomar 1 1
1,5 três vezes | 1,53 vezes
no quarto dia | no 0,25 dia
meia elástica | 0,5 elástica
estou num quarto | estou em 0,25
às 8 e 1 comprimido | 8:01 comprimido
2 comprimidos e meio copo | 2,5 comprimidos copo
tem de 25 e 50 | tem de 25,50
H2O | h segundo
5 graus | 5 g
um segundo | 1 2a
[ruído] não | [ruído] sim
não é | né não
# ouvido no balcão
um quilo e meio | um quilo
meio quilo | um quilo
cento e vinte e cinco | 125,5
37,5 | 35,7
8/8h | 8h
2x ao dia | 2 ao dia
100 UI | 100 UI por ml
12 por 8 | 12 por 18
nove meia um | nove três um
(11) 98765-4321 | (21) 98765-4321
98765-4321 | 98765-4312
comprei uma meia | comprei um 0,5
e meio ruim | e 0,5 ruim
uma pera | uma espera
hum | um
aham | não
uhum | hum
nunca tomei | tomei
nem tomei | não tomei
não pode | num posto
dorflex | dorflex uno
tylenol | tylex
hidroclorotiazida | hidrocortisona
metformina | metronidazol
fluconazol | fluoxetina
nimesulida | nistatina
paracetamol 750 | paracetamol 75
R$ 3,50 | R$ 350
1ª dose | 1 dose
às 12h | ao meio-dia e meia
uma a duas | 1,2
sem açúcar | com açúcar
"""


def _pairs(table: str) -> list[list[str]]:
    return [line.split(" | ") for line in table.strip().splitlines() if not line.startswith("# ")]


@pytest.mark.parametrize(("one", "other"), _pairs(SAME))
def test_the_same_words_become_one(one: str, other: str) -> None:
    assert normalize(one) == normalize(other) != ""
    assert normalize(f"Moça, {one}, por favor!") == normalize(f"moça {other} por favor")


@pytest.mark.parametrize(("one", "other"), _pairs(APART))
def test_other_words_stay_apart(one: str, other: str) -> None:
    assert normalize(one) != normalize(other)
    assert normalize(f"Moça, {one}, por favor!") != normalize(f"moça {other} por favor")


def test_there_are_enough_of_both() -> None:
    assert len(_pairs(SAME)) >= 150
    assert len(_pairs(APART)) >= 80
