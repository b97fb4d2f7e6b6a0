"""News copy to measure voices on: the same short bulletin in every language there is a voice for."""

COPY = {
    "en": """Good evening, and welcome to the six o'clock bulletin. The city council voted tonight to
extend the tram line to the harbour, a project that has been debated for almost a decade.
Construction is expected to begin next spring. In the region, heavy rain has closed the coastal road
between the lighthouse and the old mill. Drivers are asked to use the motorway instead. And finally,
the harbour museum has opened its doors after a long renovation.""",
    "de": """Guten Abend und willkommen zu den Nachrichten. Der Stadtrat hat heute beschlossen, die
Straßenbahn bis zum Hafen zu verlängern, ein Vorhaben, über das fast zehn Jahre gestritten wurde. Der
Bau soll im Frühling beginnen. In der Region hat starker Regen die Küstenstraße zwischen dem
Leuchtturm und der alten Mühle gesperrt. Autofahrer werden gebeten, die Autobahn zu nehmen.""",
    "fr": """Bonsoir et bienvenue dans ce journal. Le conseil municipal a voté ce soir l'extension du
tramway jusqu'au port, un projet débattu depuis presque dix ans. Les travaux doivent commencer au
printemps prochain. Dans la région, de fortes pluies ont fermé la route côtière entre le phare et le
vieux moulin. Les automobilistes sont invités à prendre l'autoroute.""",
    "es": """Buenas noches y bienvenidos a las noticias. El ayuntamiento ha aprobado esta noche ampliar
el tranvía hasta el puerto, un proyecto debatido durante casi diez años. Las obras comenzarán la
próxima primavera. En la región, las fuertes lluvias han cerrado la carretera de la costa entre el faro
y el viejo molino. Se ruega a los conductores que usen la autopista.""",
    "it": """Buonasera e benvenuti al telegiornale. Il consiglio comunale ha votato questa sera per
estendere il tram fino al porto, un progetto discusso per quasi dieci anni. I lavori dovrebbero
iniziare la prossima primavera. Nella regione, le forti piogge hanno chiuso la strada costiera tra il
faro e il vecchio mulino. Gli automobilisti sono invitati a usare l'autostrada.""",
    "nl": """Goedenavond en welkom bij het nieuws. De gemeenteraad heeft vanavond besloten de tramlijn
door te trekken naar de haven, een plan waarover bijna tien jaar is gesproken. De bouw begint naar
verwachting volgend voorjaar. In de regio heeft zware regen de kustweg tussen de vuurtoren en de oude
molen afgesloten. Automobilisten wordt gevraagd de snelweg te nemen.""",
    "pl": """Dobry wieczór, witamy w wiadomościach. Rada miasta zdecydowała dziś o przedłużeniu linii
tramwajowej do portu, o czym dyskutowano prawie dziesięć lat. Budowa ma się rozpocząć wiosną. W
regionie ulewny deszcz zamknął drogę nadmorską między latarnią a starym młynem. Kierowcy proszeni są o
korzystanie z autostrady.""",
    "sv": """God kväll och välkomna till nyheterna. Kommunfullmäktige beslutade i kväll att förlänga
spårvägen till hamnen, ett projekt som har diskuterats i nästan tio år. Bygget väntas börja nästa vår.
I regionen har kraftigt regn stängt kustvägen mellan fyren och den gamla kvarnen. Bilister ombeds att
använda motorvägen i stället.""",
    "da": """God aften og velkommen til nyhederne. Byrådet har i aften besluttet at forlænge letbanen
til havnen, et projekt der har været drøftet i næsten ti år. Arbejdet ventes at begynde til foråret. I
regionen har kraftig regn lukket kystvejen mellem fyret og den gamle mølle. Bilister bliver bedt om at
bruge motorvejen i stedet.""",
    "nb": """God kveld og velkommen til nyhetene. Bystyret vedtok i kveld å forlenge trikken til
havnen, et prosjekt som har vært diskutert i nesten ti år. Byggingen ventes å begynne til våren. I
regionen har kraftig regn stengt kystveien mellom fyret og den gamle møllen. Bilister blir bedt om å
bruke motorveien i stedet.""",
    "pt": """Boa noite e bem-vindos às notícias. A câmara municipal aprovou esta noite o prolongamento
do elétrico até ao porto, um projeto discutido durante quase dez anos. As obras devem começar na
próxima primavera. Na região, a chuva forte fechou a estrada da costa entre o farol e o velho moinho.
Pede-se aos condutores que usem a autoestrada.""",
    "el": """Καλησπέρα και καλώς ήρθατε στις ειδήσεις. Το δημοτικό συμβούλιο αποφάσισε απόψε να
επεκτείνει το τραμ μέχρι το λιμάνι, ένα έργο που συζητείται σχεδόν δέκα χρόνια. Οι εργασίες θα
αρχίσουν την άνοιξη. Στην περιοχή, η δυνατή βροχή έκλεισε τον παραλιακό δρόμο ανάμεσα στον φάρο και
τον παλιό μύλο. Οι οδηγοί καλούνται να χρησιμοποιήσουν τον αυτοκινητόδρομο.""",
    "ru": """Добрый вечер, в эфире новости. Городской совет сегодня решил продлить трамвайную линию до
порта, этот проект обсуждали почти десять лет. Строительство начнётся весной. В регионе сильный дождь
перекрыл прибрежную дорогу между маяком и старой мельницей. Водителей просят ехать по
автомагистрали.""",
    "uk": """Добрий вечір, в ефірі новини. Міська рада сьогодні вирішила продовжити трамвайну лінію до
порту, цей проєкт обговорювали майже десять років. Будівництво почнеться навесні. У регіоні сильний
дощ перекрив прибережну дорогу між маяком і старим млином. Водіїв просять їхати автострадою.""",
}
