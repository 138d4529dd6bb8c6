# Texts of the self-service pages. Short sentences; the reader is "you"; no jargon.

site = مدفوعاتي
nav-account = حسابي
nav-payments = مدفوعاتي
help-default = اسأل في مكتب برنامجك المحلي.

# Signing in

sign-in-title = اطّلع على مدفوعاتك
sign-in-lead = هنا ترى ما دُفع لك، وتختار الحساب الذي يُدفع لك فيه.
sign-in-demo = هذا عرض تجريبي. ادخل برمز أحد الأشخاص فيه.
sign-in-code = رمز الشخص
sign-in-code-hint = يبدأ بـ { "\u2066token:\u2069" } وينتهي بـ { "\u2066@nationalId\u2069" }
sign-in-code-missing = أدخل رمز شخص
sign-in-code-wrong = أدخل الرمز كاملًا، من { "\u2066token:\u2069" } إلى { "\u2066@nationalId\u2069" }
sign-in-button = تسجيل الدخول
sign-in-closed = لا يمكنك تسجيل الدخول هنا بعد. الأشخاص المذكورون أدناه يستطيعون إخبارك عن مدفوعاتك وحسابك.
sign-in-ended = غبتَ مدة، فسجّلنا خروجك. سجّل الدخول من جديد للمتابعة.
sign-in-first = سجّل الدخول لرؤية هذه الصفحة.
signed-out = لقد سجّلت الخروج.
sign-in-with = تسجيل الدخول عن طريق { $name }
sign-in-again-lead = قبل أن نغيّر مكان الدفع لك، أثبت لنا مرة أخرى أنك أنت. ما أدخلته محفوظ.
sign-in-again = تسجيل الدخول مرة أخرى عن طريق { $name }
sign-in-over-title = لم يكتمل تسجيل الدخول
sign-in-over = استغرق الأمر وقتًا طويلًا، أو بدأ في مكان آخر. يرجى البدء من جديد.
sign-in-denied-title = لم تسجّل الدخول
sign-in-denied = توقفت في الطريق، أو لم يُسمح لك بالدخول. يمكنك المحاولة من جديد.
sign-in-refused-title = لم نتمكن من تسجيل دخولك
sign-in-refused = لم نتمكن من التأكد أنك أنت. يرجى البدء من جديد. إذا تكرر ذلك فاطلب المساعدة.
sign-in-another-title = كان ذلك شخصًا آخر
sign-in-another = الشخص الذي سجّل الدخول الآن ليس الذي سجّله من قبل. لم يتغيّر شيء.
sign-out-there-title = لقد سجّلت الخروج هنا
sign-out-there = نسجّل خروجك الآن من { $name } أيضًا. إذا لم يحدث شيء فاستخدم الرابط أدناه.
sign-out-there-link = تسجيل الخروج من { $name }

# Not registered

not-registered-link = ألست مسجّلًا بعد؟
not-registered-title = أنت غير مسجّل بعد
not-registered-lead = لم نجد رقمًا لك في برامجنا. لذلك لا نستطيع أن نعرض لك مدفوعات ولا أن ندفع لك. هذا ما يمكنك فعله:
not-registered-ask = اطلب أن تُسجَّل.
not-registered-bring = أحضر بطاقة هويتك. إذا كان شخص يستلم المدفوعات عن أسرتك فليأتِ معك.
not-registered-wait = عندما يُقال لك إنك مسجّل، سجّل الدخول هنا من جديد بالطريقة نفسها.
not-registered-free = التسجيل مجاني. لا تعطِ أحدًا مالًا مقابله، ولا تخبر أحدًا بكلمة السر.

# The account

account-title = الحساب الذي يُدفع لك فيه
account-bank = البنك
account-branch = الفرع
account-branch-code = رمز الفرع
account-number = رقم الحساب
account-wallet = خدمة المال عبر الهاتف
account-phone = رقم الهاتف
account-email-wallet = خدمة محفظة البريد الإلكتروني
account-email = عنوان البريد الإلكتروني
account-ending = ينتهي بـ { $ending }
account-short = { $provider }، { $number }
account-hidden = غير معروض
account-why-hidden = نعرض نهاية الرقم فقط، حتى لا يقرأه من يقف خلفك.
account-inactive = الدفع إلى هذا الحساب متوقف حاليًا. اختر حسابًا آخر أو اطلب المساعدة.
account-none-title = لا نعرف أين ندفع لك
account-none = لم تخبرنا بحساب بعد. إلى أن تفعل ذلك لا يمكن أن يصلك أي مبلغ.
account-other = لديك عندنا حساب من نوع لا نستطيع عرضه هنا.
account-change = غيّر مكان الدفع لك
account-name = أخبرنا أين ندفع لك
account-stop = أوقف الدفع إلى هذا الحساب

# Changing it

change-title = أين تريد أن يُدفع لك؟
change-hint = اختر حسابًا باسمك أنت.
change-bank = إلى حساب في بنك
change-wallet = إلى خدمة المال عبر الهاتف
change-email = إلى محفظة لها عنوان بريد إلكتروني
change-kind-missing = اختر أين تريد أن يُدفع لك
change-not-here = لا يمكنك بعد تغيير حسابك في هذه الصفحات. اطلب المساعدة في ذلك.
bank-title = أي بنك هو؟
bank-choose-missing = اختر بنكك
branch-title = أي فرع من البنك هو؟
branch-search = اسم الفرع أو مكانه
branch-search-hint = مكتب البنك الذي فتحت فيه الحساب. يكفي جزء من الاسم.
branch-search-button = بحث
branch-search-missing = أدخل جزءًا من الاسم، وابحث، ثم اختر فرعك
branch-choose = الفرع
branch-choose-missing = اختر فرعك
branch-none = لا يوجد فرع في اسمه هذا. جرّب جزءًا أقصر.
branch-more = توجد فروع أخرى غير هذه. إذا لم تجد فرعك فأدخل المزيد من اسمه.
number-title = ما رقم حسابك؟
number-hint = تجده على بطاقة البنك أو كشف الحساب أو دفتر الحساب
number-missing = أدخل رقم حسابك
number-characters = أدخل رقم الحساب بأرقام وحروف إنجليزية فقط
number-short = راجع رقم الحساب: فيه 6 أرقام أو حروف على الأقل
number-long = راجع رقم الحساب: فيه 34 رقمًا أو حرفًا على الأكثر
number-check = راجع رقم الحساب: فيه رقم أو حرف خطأ على الأقل
wallet-title = أي حساب للمال عبر الهاتف هو؟
wallet-choose-missing = اختر الخدمة
phone-hint = رقم الهاتف الذي تستخدمه للمال عبر الهاتف
phone-missing = أدخل رقم هاتفك
phone-characters = أدخل رقم الهاتف بالأرقام فقط
phone-short = راجع رقم الهاتف: ينقصه جزء
phone-long = راجع رقم الهاتف: إنه طويل جدًا
phone-country = أدخل رقم الهاتف وقبله + ورمز البلد
email-title = أي محفظة بريد إلكتروني هي؟
email-hint = عنوان البريد الإلكتروني الذي تستخدمه لهذه المحفظة
email-missing = أدخل عنوان بريدك الإلكتروني
email-characters = راجع عنوان البريد الإلكتروني: فيه حرف أو علامة لا مكان لها فيه
email-long = راجع عنوان البريد الإلكتروني: إنه طويل جدًا
email-wrong = أدخل عنوان البريد الإلكتروني كاملًا، مثلًا { "\u2066name@example.org\u2069" }
continue = متابعة

# Checking and confirming it

check-title = هل هذا صحيح؟
check-lead = انظر إلى كل سطر. المال الذي يذهب إلى حساب خطأ يصعب استرجاعه.
check-button = نعم، ادفعوا لي هنا
check-edit = لا، أريد تغييره
stop-title = هل تريد إيقاف الدفع إلى هذا الحساب؟
stop-lead = عندئذ لن نعرف أين ندفع لك، ولن يصلك أي مبلغ إلى أن تخبرنا بحساب آخر.
stop-button = نعم، أوقفوا الدفع إليه
stop-keep = لا، أبقِه
stopped-title = لن يُدفع لك في هذا الحساب بعد الآن
stopped-lead = إلى أن تخبرنا بحساب آخر لا يمكن أن يصلك أي مبلغ. المبلغ الذي هو في الطريق قد يصل إلى هذا الحساب.
frozen-title = لا يمكن تغيير حسابك الآن
frozen = أوقف البرنامج تغيير حسابك لحمايتك. لم يتغيّر شيء. اطلب المساعدة.
refused-title = لم نتمكن من استخدام هذا الحساب
refused = لم يُقبل الحساب. راجع ما أدخلته، أو اختر حسابًا آخر.
refused-again = أدخل حسابًا من جديد
receipt-title = لقد غيّرت مكان الدفع لك
receipt-lead = الدفعة القادمة تذهب إلى هذا الحساب. الدفعة التي هي في الطريق قد تذهب إلى الحساب القديم.
receipt-reference = الرقم المرجعي
receipt-keep = اكتب الرقم المرجعي واحتفظ به. إذا لم تقم أنت بهذا التغيير فاطلب المساعدة فورًا.
receipt-when = وقت التغيير
receipt-payments = اطّلع على مدفوعاتك

# What was changed

history-title = تغييرات حسابك
history-lead = إذا رأيت تغييرًا لم تقم به ولم تطلبه، فاطلب المساعدة فورًا.
history-none = لم يتغيّر شيء بعد.
history-older = توجد تغييرات أقدم لا تُعرض هنا. اطلب المساعدة إذا احتجت إليها.
history-linked = أُضيف الحساب
history-updated = تغيّر الحساب
history-unlinked = أُزيل الحساب
history-frozen = أُوقف التغيير لحمايتك
history-unfrozen = سُمح بالتغيير من جديد
history-other = تغيّر شيء ما
history-by-you = أنت، في هذه الصفحات
history-by-staff = موظفو البرنامج
history-by-system = البرنامج

# Payments

payments-title = مدفوعاتك
payments-none = لا توجد مدفوعات لك بعد.
payments-count = { $count ->
    [zero] لا توجد مدفوعات.
    [one] دفعة واحدة، وأين وصلت.
    [two] دفعتان، الأحدث أولًا.
    [few] { $count } دفعات، الأحدث أولًا.
    [many] { $count } دفعة، الأحدث أولًا.
   *[other] { $count } دفعة، الأحدث أولًا.
 }
payment-date = ليوم { $date }
progress-preparing = قيد التحضير
progress-on-its-way = في الطريق إلى حسابك
progress-paid = دُفعت
progress-sent-back = أعادها بنكك
progress-not-paid = لم تُدفع
progress-cancelled = أُلغيت
advice-name-account = لم نكن نعرف أين ندفع لك.
advice-change-account = الحساب مغلق أو لا يمكنه استلام المال. اختر حسابًا آخر.
advice-wait = البرنامج وبنكه يعملان على ذلك. لا يلزمك فعل شيء.
advice-ask = اطلب المساعدة. نستطيع أن نخبرك بالسبب.

# When something does not work

away-title = لا نستطيع عرض هذه الصفحة الآن
away = يرجى المحاولة من جديد بعد دقائق. لم تفقد شيئًا.
away-change-title = لا نعرف بعد هل تغيّر حسابك
away-change = انتظر بضع دقائق ثم انظر إلى حسابك. إذا لم يتغيّر فأرسله من جديد: لا ضرر في ذلك.
forged-title = كانت هذه الصفحة مفتوحة مدة طويلة
forged = يرجى البدء من جديد. لم يتغيّر شيء.
not-found-title = لا توجد صفحة كهذه
not-found = راجع العنوان، أو ابدأ من الصفحة الأولى.
forbidden-title = لا يمكنك فعل هذا هنا
forbidden = اطلب المساعدة.
broken-title = حدث خطأ عندنا
broken = يرجى المحاولة لاحقًا. إذا تكرر ذلك فاطلب المساعدة.
start-again = اذهب إلى الصفحة الأولى
see-account = انظر إلى حسابك
