# Texts of the self-service pages. Short sentences; the reader is "you"; no jargon.

site = Mga bayad sa akin
nav-account = Ang account ko
nav-payments = Mga bayad sa akin
help-default = Magtanong sa lokal na opisina ng iyong programa.

# Signing in

sign-in-title = Tingnan ang mga bayad sa iyo
sign-in-lead = Makikita mo rito ang ibinayad sa iyo, at mapipili mo ang account kung saan ka babayaran.
sign-in-demo = Halimbawa lamang ito. Mag-sign in gamit ang code ng isa sa mga tao nito.
sign-in-code = Code ng tao
sign-in-code-hint = Nagsisimula ito sa token: at nagtatapos sa @nationalId
sign-in-code-missing = Ilagay ang code ng isang tao
sign-in-code-wrong = Ilagay ang buong code, mula token: hanggang @nationalId
sign-in-button = Mag-sign in
sign-in-closed = Hindi ka pa makakapag-sign in dito. Masasabi sa iyo ng mga taong nakasulat sa ibaba ang tungkol sa mga bayad at account mo.
sign-in-ended = Matagal kang walang ginawa, kaya na-sign out ka namin. Mag-sign in muli para magpatuloy.
sign-in-first = Mag-sign in para makita ang pahinang ito.
signed-out = Naka-sign out ka na.
sign-in-with = Mag-sign in gamit ang { $name }
sign-in-again-lead = Bago namin palitan kung saan ka babayaran, ipakita mo muli na ikaw nga ito. Nakatabi ang inilagay mo.
sign-in-again = Mag-sign in muli gamit ang { $name }
sign-in-over-title = Hindi natapos ang pag-sign in
sign-in-over = Masyadong matagal, o sa ibang lugar ito sinimulan. Magsimula muli.
sign-in-denied-title = Hindi ka nakapag-sign in
sign-in-denied = Huminto ka sa gitna, o hindi ka pinapasok. Maaari kang sumubok muli.
sign-in-refused-title = Hindi ka namin mai-sign in
sign-in-refused = Hindi namin natiyak na ikaw ito. Magsimula muli. Kung maulit ito, humingi ng tulong.
sign-in-another-title = Ibang tao iyon
sign-in-another = Hindi iyon ang taong nag-sign in kanina. Walang napalitan.
sign-out-there-title = Naka-sign out ka na rito
sign-out-there = Isa-sign out ka rin namin sa { $name }. Kung walang mangyari, gamitin ang link sa ibaba.
sign-out-there-link = Mag-sign out sa { $name }

# Not registered

not-registered-link = Hindi ka pa nakarehistro?
not-registered-title = Hindi ka pa nakarehistro
not-registered-lead = Wala kaming nakitang numero mo sa aming mga programa. Kaya wala kaming maipapakitang bayad, at hindi ka namin mababayaran. Ito ang magagawa mo:
not-registered-ask = Hilinging mairehistro ka.
not-registered-bring = Dalhin ang iyong ID. Kung may tumatanggap ng bayad para sa inyong sambahayan, isama mo siya.
not-registered-wait = Kapag sinabing nakarehistro ka na, mag-sign in muli rito sa parehong paraan.
not-registered-free = Walang bayad ang pagpaparehistro. Huwag magbigay ng pera kaninuman para dito, at huwag sabihin kaninuman ang iyong password.

# The account

account-title = Ang account kung saan ka binabayaran
account-bank = Bangko
account-branch = Sangay
account-branch-code = Code ng sangay
account-number = Numero ng account
account-wallet = Serbisyo ng mobile money
account-phone = Numero ng telepono
account-email-wallet = Serbisyo ng email wallet
account-email = Email address
account-ending = nagtatapos sa { $ending }
account-short = { $provider }, { $number }
account-hidden = hindi ipinapakita
account-why-hidden = Ang dulo lamang ng numero ang ipinapakita namin, para hindi ito mabasa ng taong nasa likod mo.
account-inactive = Nakahinto ngayon ang bayad sa account na ito. Pumili ng ibang account, o humingi ng tulong.
account-none-title = Hindi namin alam kung saan ka babayaran
account-none = Wala ka pang sinasabing account. Hangga’t wala, walang bayad na makararating sa iyo.
account-other = May account ka sa amin na hindi namin maipapakita rito.
account-change = Palitan kung saan ka babayaran
account-name = Sabihin kung saan ka babayaran
account-stop = Itigil ang bayad sa account na ito

# Changing it

change-title = Saan mo gustong mabayaran?
change-hint = Pumili ng account na nasa sarili mong pangalan.
change-bank = Sa account sa bangko
change-wallet = Sa mobile money sa telepono
change-email = Sa wallet na may email address
change-kind-missing = Piliin kung saan mo gustong mabayaran
change-not-here = Hindi mo pa mapapalitan ang account mo sa mga pahinang ito. Humingi ng tulong.
bank-title = Aling bangko?
bank-choose-missing = Piliin ang bangko mo
branch-title = Aling sangay ng bangko?
branch-search = Pangalan o lugar ng sangay
branch-search-hint = Ang opisina ng bangko kung saan mo binuksan ang account. Sapat na ang bahagi ng pangalan.
branch-search-button = Maghanap
branch-search-missing = Ilagay ang bahagi ng pangalan, maghanap, at piliin ang sangay mo
branch-choose = Sangay
branch-choose-missing = Piliin ang sangay mo
branch-none = Walang sangay na may ganito sa pangalan. Subukan ang mas maikling bahagi.
branch-more = May iba pang sangay. Kung wala rito ang sa iyo, dagdagan ang inilagay na pangalan.
number-title = Ano ang numero ng account mo?
number-hint = Nasa bank card, bank statement o passbook mo ito
number-missing = Ilagay ang numero ng account mo
number-characters = Mga numero at letra lamang ang ilagay sa numero ng account
number-short = Tingnan ang numero ng account: hindi bababa sa 6 na numero o letra ito
number-long = Tingnan ang numero ng account: hindi hihigit sa 34 na numero o letra ito
number-check = Tingnan ang numero ng account: may maling numero o letra
wallet-title = Aling account ng mobile money?
wallet-choose-missing = Piliin ang serbisyo mo
phone-hint = Ang numero ng telepono na gamit mo sa mobile money
phone-missing = Ilagay ang numero ng telepono mo
phone-characters = Mga numero lamang ang ilagay sa numero ng telepono
phone-short = Tingnan ang numero ng telepono: may kulang
phone-long = Tingnan ang numero ng telepono: masyadong mahaba
phone-country = Ilagay ang numero ng telepono na may + at code ng bansa sa unahan
email-title = Aling email wallet?
email-hint = Ang email address na gamit mo sa wallet na ito
email-missing = Ilagay ang email address mo
email-characters = Tingnan ang email address: may letra o tanda na hindi puwede rito
email-long = Tingnan ang email address: masyadong mahaba
email-wrong = Ilagay ang buong email address, halimbawa pangalan@example.org
continue = Magpatuloy

# Checking and confirming it

check-title = Tama ba ito?
check-lead = Tingnan ang bawat linya. Mahirap mabawi ang perang napunta sa maling account.
check-button = Oo, dito ako bayaran
check-edit = Hindi, palitan ito
stop-title = Gusto mo bang itigil ang bayad sa account na ito?
stop-lead = Kung gayon, hindi namin malalaman kung saan ka babayaran, at walang bayad na makararating sa iyo hangga’t wala kang sinasabing ibang account.
stop-button = Oo, itigil ang bayad doon
stop-keep = Hindi, panatilihin ito
stopped-title = Hindi ka na babayaran sa account na ito
stopped-lead = Hangga’t wala kang sinasabing ibang account, walang bayad na makararating sa iyo. Ang bayad na papunta na ay maaari pang dumating sa account na ito.
frozen-title = Hindi mapapalitan ngayon ang account mo
frozen = Itinigil ng programa ang pagpapalit ng account mo para protektahan ka. Walang napalitan. Humingi ng tulong.
refused-title = Hindi namin magamit ang account na ito
refused = Hindi tinanggap ang account. Tingnan ang inilagay mo, o pumili ng ibang account.
refused-again = Maglagay muli ng account
receipt-title = Napalitan mo na kung saan ka babayaran
receipt-lead = Sa account na ito pupunta ang susunod mong bayad. Ang bayad na papunta na ay maaari pang dumating sa dati.
receipt-reference = Reference
receipt-keep = Isulat ang reference. Kung hindi ikaw ang gumawa ng pagbabagong ito, humingi agad ng tulong.
receipt-when = Pinalitan noong
receipt-payments = Tingnan ang mga bayad sa iyo

# What was changed

history-title = Mga pagbabago sa account mo
history-lead = Kung may makita kang pagbabago na hindi mo ginawa o hiniling, humingi agad ng tulong.
history-none = Wala pang nabago.
history-older = May mas lumang mga pagbabago na hindi ipinapakita rito. Humingi ng tulong kung kailangan mo ang mga iyon.
history-linked = Idinagdag ang account
history-updated = Pinalitan ang account
history-unlinked = Inalis ang account
history-frozen = Itinigil ang pagpapalit, para protektahan ka
history-unfrozen = Pinayagan muli ang pagpapalit
history-other = May nabago
history-by-you = Ikaw, sa mga pahinang ito
history-by-staff = Kawani ng programa
history-by-system = Ang programa

# Payments

payments-title = Mga bayad sa iyo
payments-none = Wala pang bayad para sa iyo.
payments-count = { $count } bayad, pinakabago ang una.
payment-date = Para sa { $date }
progress-preparing = Inihahanda
progress-on-its-way = Papunta na sa account mo
progress-paid = Nabayaran na
progress-sent-back = Ibinalik ng bangko mo
progress-not-paid = Hindi nabayaran
progress-cancelled = Kinansela
advice-name-account = Hindi namin alam kung saan ka babayaran.
advice-change-account = Sarado ang account o hindi makatanggap ng pera. Pumili ng ibang account.
advice-wait = Inaasikaso ito ng programa at ng bangko nito. Wala kang kailangang gawin.
advice-ask = Humingi ng tulong. Masasabi namin sa iyo ang dahilan.

# When something does not work

away-title = Hindi namin maipakita ngayon ang pahinang ito
away = Subukan muli pagkalipas ng ilang minuto. Walang nawala sa iyo.
away-change-title = Hindi pa namin alam kung napalitan ang account mo
away-change = Maghintay ng ilang minuto at tingnan ang account mo. Kung hindi napalitan, ipadala muli: ligtas iyon.
forged-title = Masyadong matagal na nakabukas ang pahinang ito
forged = Magsimula muli. Walang napalitan.
not-found-title = Walang ganitong pahina
not-found = Tingnan ang address, o magsimula muli sa unang pahina.
forbidden-title = Hindi mo ito magagawa rito
forbidden = Humingi ng tulong.
broken-title = May nangyaring mali sa panig namin
broken = Subukan muli mamaya. Kung maulit ito, humingi ng tulong.
start-again = Pumunta sa unang pahina
see-account = Tingnan ang account mo
