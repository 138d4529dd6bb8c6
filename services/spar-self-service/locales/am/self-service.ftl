# Texts of the self-service pages. Short sentences; the reader is "you"; no jargon.

site = ክፍያዎቼ
nav-account = ሂሳቤ
nav-payments = ክፍያዎቼ
help-default = በአካባቢዎ ባለው የፕሮግራሙ ቢሮ ይጠይቁ።

# Signing in

sign-in-title = ክፍያዎችዎን ይመልከቱ
sign-in-lead = እዚህ የተከፈለዎትን ማየትና ክፍያ የሚቀበሉበትን ሂሳብ መምረጥ ይችላሉ።
sign-in-demo = ይህ ማሳያ ነው። ከውስጡ ባለ የአንድ ሰው መለያ ይግቡ።
sign-in-code = የሰውየው መለያ
sign-in-code-hint = በ token: ይጀምራል፣ በ @nationalId ያበቃል
sign-in-code-missing = የአንድ ሰው መለያ ያስገቡ
sign-in-code-wrong = መለያውን ሙሉ በሙሉ ያስገቡ፣ ከ token: እስከ @nationalId
sign-in-button = ይግቡ
sign-in-closed = እዚህ ገና መግባት አይችሉም። ከታች የተጠቀሱት ሰዎች ስለ ክፍያዎና ስለ ሂሳብዎ ሊነግሩዎት ይችላሉ።
sign-in-ended = ለጥቂት ጊዜ ስላልተጠቀሙ አስወጥተንዎታል። ለመቀጠል እንደገና ይግቡ።
sign-in-first = ይህን ገጽ ለማየት ይግቡ።
signed-out = ወጥተዋል።
sign-in-with = በ{ $name } ይግቡ
sign-in-again-lead = ክፍያ የሚቀበሉበትን ከመቀየራችን በፊት እርስዎ መሆንዎን እንደገና ያሳዩን። ያስገቡት ተቀምጧል።
sign-in-again = በ{ $name } እንደገና ይግቡ
sign-in-over-title = መግባቱ አልተጠናቀቀም
sign-in-over = ብዙ ጊዜ ወስዷል፣ ወይም በሌላ ቦታ ተጀምሯል። እባክዎ እንደገና ይጀምሩ።
sign-in-denied-title = አልገቡም
sign-in-denied = በመንገድ ላይ አቁመዋል፣ ወይም መግባት አልተፈቀደልዎትም። እንደገና መሞከር ይችላሉ።
sign-in-refused-title = ልናስገባዎት አልቻልንም
sign-in-refused = እርስዎ መሆንዎን ማረጋገጥ አልቻልንም። እባክዎ እንደገና ይጀምሩ። እንደገና ከተከሰተ እርዳታ ይጠይቁ።
sign-in-another-title = ያ ሌላ ሰው ነበር
sign-in-another = አሁን የገባው ሰው ቀደም ሲል የገባው አይደለም። ምንም አልተቀየረም።
sign-out-there-title = ከዚህ ወጥተዋል
sign-out-there = አሁን ከ{ $name } ደግሞ እናስወጣዎታለን። ምንም ካልሆነ ከታች ያለውን አገናኝ ይጠቀሙ።
sign-out-there-link = ከ{ $name } ይውጡ

# Not registered

not-registered-link = ገና አልተመዘገቡም?
not-registered-title = ገና አልተመዘገቡም
not-registered-lead = በፕሮግራሞቻችን ውስጥ የእርስዎን ቁጥር አላገኘንም። ስለዚህ ክፍያዎችን ልናሳይዎ ወይም ልንከፍልዎ አንችልም። ማድረግ የሚችሉት ይህ ነው፦
not-registered-ask = እንዲመዘገቡ ይጠይቁ።
not-registered-bring = መታወቂያዎን ይዘው ይምጡ። ለቤተሰብዎ ክፍያ የሚቀበል ሰው ካለ አብሮዎት ይምጣ።
not-registered-wait = መመዝገብዎ ሲነገርዎት እንደገና እዚህ በተመሳሳይ መንገድ ይግቡ።
not-registered-free = መመዝገብ ነጻ ነው። ለዚህ ለማንም ገንዘብ አይስጡ፣ የይለፍ ቃልዎንም ለማንም አይንገሩ።

# The account

account-title = ክፍያ የሚቀበሉበት ሂሳብ
account-bank = ባንክ
account-branch = ቅርንጫፍ
account-branch-code = የቅርንጫፍ መለያ
account-number = የሂሳብ ቁጥር
account-wallet = የሞባይል ገንዘብ አገልግሎት
account-phone = ስልክ ቁጥር
account-email-wallet = የኢሜይል ዋሌት አገልግሎት
account-email = የኢሜይል አድራሻ
account-ending = በ{ $ending } የሚያበቃ
account-short = { $provider }፣ { $number }
account-hidden = አይታይም
account-why-hidden = ከኋላዎ ያለ ሰው እንዳያነበው የቁጥሩን መጨረሻ ብቻ እናሳያለን።
account-inactive = ወደዚህ ሂሳብ የሚደረግ ክፍያ ለጊዜው ቆሟል። ሌላ ሂሳብ ይምረጡ ወይም እርዳታ ይጠይቁ።
account-none-title = የት እንደምንከፍልዎ አናውቅም
account-none = ገና ሂሳብ አልነገሩንም። እስኪነግሩን ድረስ ምንም ክፍያ ሊደርስዎ አይችልም።
account-other = እዚህ ልናሳየው የማንችለው ዓይነት ሂሳብ እኛ ዘንድ አለዎት።
account-change = ክፍያ የሚቀበሉበትን ይቀይሩ
account-name = የት እንደምንከፍልዎ ይንገሩን
account-stop = ወደዚህ ሂሳብ መከፈሉን ያቁሙ

# Changing it

change-title = ክፍያዎን የት መቀበል ይፈልጋሉ?
change-hint = በራስዎ ስም ያለ ሂሳብ ይምረጡ።
change-bank = በባንክ ሂሳብ
change-wallet = በስልክ ላይ ባለ የሞባይል ገንዘብ አገልግሎት
change-email = የኢሜይል አድራሻ ባለው ዋሌት
change-kind-missing = ክፍያዎን የት መቀበል እንደሚፈልጉ ይምረጡ
change-not-here = በእነዚህ ገጾች ላይ ሂሳብዎን ገና መቀየር አይችሉም። እርዳታ ይጠይቁ።
bank-title = የትኛው ባንክ ነው?
bank-choose-missing = ባንክዎን ይምረጡ
branch-title = የባንኩ የትኛው ቅርንጫፍ ነው?
branch-search = የቅርንጫፉ ስም ወይም ቦታ
branch-search-hint = ሂሳቡን የከፈቱበት የባንክ ቢሮ። የስሙ ክፍል ይበቃል።
branch-search-button = ይፈልጉ
branch-search-missing = የስሙን ክፍል ያስገቡ፣ ይፈልጉ፣ ከዚያ ቅርንጫፍዎን ይምረጡ
branch-choose = ቅርንጫፍ
branch-choose-missing = ቅርንጫፍዎን ይምረጡ
branch-none = በስሙ ውስጥ ይህ ያለው ቅርንጫፍ የለም። አጠር ያለ ክፍል ይሞክሩ።
branch-more = ከእነዚህ ሌላም ቅርንጫፎች አሉ። የእርስዎ እዚህ ከሌለ ስሙን ጨምረው ያስገቡ።
number-title = የሂሳብ ቁጥርዎ ስንት ነው?
number-hint = በባንክ ካርድዎ፣ በሂሳብ መግለጫዎ ወይም በሂሳብ ደብተርዎ ላይ ያገኙታል
number-missing = የሂሳብ ቁጥርዎን ያስገቡ
number-characters = የሂሳብ ቁጥሩን በቁጥሮችና በእንግሊዝኛ ፊደላት ብቻ ያስገቡ
number-short = የሂሳብ ቁጥሩን ያረጋግጡ፦ ቢያንስ 6 ቁጥሮች ወይም ፊደላት አሉት
number-long = የሂሳብ ቁጥሩን ያረጋግጡ፦ ቢበዛ 34 ቁጥሮች ወይም ፊደላት አሉት
number-check = የሂሳብ ቁጥሩን ያረጋግጡ፦ ቢያንስ አንድ ቁጥር ወይም ፊደል ስህተት ነው
wallet-title = የትኛው የሞባይል ገንዘብ ሂሳብ ነው?
wallet-choose-missing = አገልግሎትዎን ይምረጡ
phone-hint = ለሞባይል ገንዘብ የሚጠቀሙበት ስልክ ቁጥር
phone-missing = ስልክ ቁጥርዎን ያስገቡ
phone-characters = ስልክ ቁጥሩን በቁጥሮች ብቻ ያስገቡ
phone-short = ስልክ ቁጥሩን ያረጋግጡ፦ የተወሰነ ክፍል ይጎድላል
phone-long = ስልክ ቁጥሩን ያረጋግጡ፦ በጣም ረጅም ነው
phone-country = ስልክ ቁጥሩን ከፊቱ + እና የአገር መለያ አድርገው ያስገቡ
email-title = የትኛው የኢሜይል ዋሌት ነው?
email-hint = ለዚህ ዋሌት የሚጠቀሙበት የኢሜይል አድራሻ
email-missing = የኢሜይል አድራሻዎን ያስገቡ
email-characters = የኢሜይል አድራሻውን ያረጋግጡ፦ በውስጡ ሊኖር የማይችል ፊደል ወይም ምልክት አለው
email-long = የኢሜይል አድራሻውን ያረጋግጡ፦ በጣም ረጅም ነው
email-wrong = የኢሜይል አድራሻውን ሙሉ በሙሉ ያስገቡ፣ ለምሳሌ name@example.org
continue = ቀጥል

# Checking and confirming it

check-title = ይህ ትክክል ነው?
check-lead = እያንዳንዱን መስመር ይመልከቱ። ወደ ተሳሳተ ሂሳብ የሄደ ገንዘብ ለመመለስ ከባድ ነው።
check-button = አዎ፣ እዚህ ይክፈሉኝ
check-edit = አይ፣ ልቀይረው
stop-title = ወደዚህ ሂሳብ መከፈሉን ማቆም ይፈልጋሉ?
stop-lead = ከዚያ በኋላ የት እንደምንከፍልዎ አናውቅም፤ ሌላ ሂሳብ እስኪነግሩን ድረስ ምንም ክፍያ ሊደርስዎ አይችልም።
stop-button = አዎ፣ እዚያ መክፈሉን ያቁሙ
stop-keep = አይ፣ ይቆይ
stopped-title = ከእንግዲህ ወደዚህ ሂሳብ አይከፈልዎትም
stopped-lead = ሌላ ሂሳብ እስኪነግሩን ድረስ ምንም ክፍያ ሊደርስዎ አይችልም። በመንገድ ላይ ያለ ክፍያ አሁንም ወደዚህ ሊሄድ ይችላል።
frozen-title = ሂሳብዎ አሁን ሊቀየር አይችልም
frozen = ፕሮግራሙ እርስዎን ለመጠበቅ የሂሳብዎን መቀየር አቁሟል። ምንም አልተቀየረም። እርዳታ ይጠይቁ።
refused-title = ይህን ሂሳብ መጠቀም አልቻልንም
refused = ሂሳቡ ተቀባይነት አላገኘም። ያስገቡትን ያረጋግጡ፣ ወይም ሌላ ሂሳብ ይምረጡ።
refused-again = እንደገና ሂሳብ ያስገቡ
receipt-title = ክፍያ የሚቀበሉበትን ቀይረዋል
receipt-lead = የሚቀጥለው ክፍያዎ ወደዚህ ሂሳብ ይሄዳል። በመንገድ ላይ ያለ ክፍያ ወደ ቀድሞው ሊሄድ ይችላል።
receipt-reference = ማመሳከሪያ
receipt-keep = ማመሳከሪያውን ይጻፉት። ይህን ለውጥ እርስዎ ካላደረጉ ወዲያውኑ እርዳታ ይጠይቁ።
receipt-when = የተቀየረበት
receipt-payments = ክፍያዎችዎን ይመልከቱ

# What was changed

history-title = የሂሳብዎ ለውጦች
history-lead = እርስዎ ያላደረጉት ወይም ያልጠየቁት ለውጥ ካዩ ወዲያውኑ እርዳታ ይጠይቁ።
history-none = እስካሁን ምንም አልተቀየረም።
history-older = እዚህ የማይታዩ የቆዩ ለውጦች አሉ። ከፈለጓቸው እርዳታ ይጠይቁ።
history-linked = ሂሳብ ተጨምሯል
history-updated = ሂሳብ ተቀይሯል
history-unlinked = ሂሳብ ተወግዷል
history-frozen = እርስዎን ለመጠበቅ መቀየር ቆሟል
history-unfrozen = መቀየር እንደገና ተፈቅዷል
history-other = የሆነ ነገር ተቀይሯል
history-by-you = በእርስዎ፣ በእነዚህ ገጾች
history-by-staff = በፕሮግራሙ ሠራተኞች
history-by-system = በፕሮግራሙ

# Payments

payments-title = ክፍያዎችዎ
payments-none = ለእርስዎ ገና ክፍያ የለም።
payments-count = { $count ->
    [one] { $count } ክፍያ፣ እና የት እንደደረሰ።
   *[other] { $count } ክፍያዎች፣ አዲሱ መጀመሪያ።
 }
payment-date = ለ{ $date }
progress-preparing = እየተዘጋጀ ነው
progress-on-its-way = ወደ ሂሳብዎ በመንገድ ላይ ነው
progress-paid = ተከፍሏል
progress-sent-back = ባንክዎ መልሶታል
progress-not-paid = አልተከፈለም
progress-cancelled = ተሰርዟል
advice-name-account = የት እንደምንከፍልዎ አናውቅም ነበር።
advice-change-account = ሂሳቡ ተዘግቷል ወይም ገንዘብ መቀበል አይችልም። ሌላ ሂሳብ ይምረጡ።
advice-wait = ፕሮግራሙና ባንኩ እየሠሩበት ነው። እርስዎ ምንም ማድረግ አያስፈልግዎትም።
advice-ask = እርዳታ ይጠይቁ። ምክንያቱን ልንነግርዎ እንችላለን።

# When something does not work

away-title = ይህን ገጽ አሁን ልናሳይ አንችልም
away = እባክዎ ከጥቂት ደቂቃዎች በኋላ እንደገና ይሞክሩ። ምንም አልጠፋብዎትም።
away-change-title = ሂሳብዎ መቀየሩን ገና አናውቅም
away-change = ጥቂት ደቂቃዎች ይጠብቁና ሂሳብዎን ይመልከቱ። ካልተቀየረ እንደገና ይላኩት፤ ምንም ችግር የለውም።
forged-title = ይህ ገጽ ለረጅም ጊዜ ተከፍቶ ነበር
forged = እባክዎ እንደገና ይጀምሩ። ምንም አልተቀየረም።
not-found-title = እንደዚህ ያለ ገጽ የለም
not-found = አድራሻውን ያረጋግጡ፣ ወይም ከመጀመሪያው ገጽ ይጀምሩ።
forbidden-title = ይህን እዚህ ማድረግ አይችሉም
forbidden = እርዳታ ይጠይቁ።
broken-title = በእኛ በኩል ችግር ተፈጥሯል
broken = እባክዎ ቆይተው እንደገና ይሞክሩ። እንደገና ከተከሰተ እርዳታ ይጠይቁ።
start-again = ወደ መጀመሪያው ገጽ ይሂዱ
see-account = ሂሳብዎን ይመልከቱ
