# The page shell and its components.

skip-to-content = انتقل إلى المحتوى الرئيسي
menu = القائمة
sign-out = تسجيل الخروج
language = اللغة:
back = رجوع
title-error = هناك شيء ناقص أو خطأ:
error-mark = خطأ:
error-summary-title = يرجى مراجعة ما أدخلته
choose-one = اختر واحدًا
help-title = هل تحتاج إلى مساعدة؟

# How this language writes numbers, amounts and dates. The digits are those of bank cards and account books.

number-group = ,
number-decimal = .
money = { $number }{ "\u00A0" }{ $currency }
# The mark in front makes the whole date one from right to left: its parts are kept apart by marks of their own.
date = { "\u200F" }{ $day } { $month } { $year }
date-time = { $date }، { $time } ({ $zone })
month-1 = يناير
month-2 = فبراير
month-3 = مارس
month-4 = أبريل
month-5 = مايو
month-6 = يونيو
month-7 = يوليو
month-8 = أغسطس
month-9 = سبتمبر
month-10 = أكتوبر
month-11 = نوفمبر
month-12 = ديسمبر
