# The page shell and its components.

skip-to-content = ወደ ዋናው ይዘት ይሂዱ
menu = ማውጫ
sign-out = ይውጡ
language = ቋንቋ፦
back = ተመለስ
title-error = የጎደለ ወይም የተሳሳተ ነገር አለ፦
error-mark = ስህተት፦
error-summary-title = እባክዎ ያስገቡትን ያረጋግጡ
choose-one = አንዱን ይምረጡ
help-title = እርዳታ ይፈልጋሉ?

# How this language writes numbers, amounts and dates. The calendar is the Gregorian one, as on bank statements.

number-group = ,
number-decimal = .
money = { $currency }{ "\u00A0" }{ $number }
date = { $day } { $month } { $year }
date-time = { $date }፣ { $time } ({ $zone })
month-1 = ጃንዩወሪ
month-2 = ፌብሩወሪ
month-3 = ማርች
month-4 = ኤፕሪል
month-5 = ሜይ
month-6 = ጁን
month-7 = ጁላይ
month-8 = ኦገስት
month-9 = ሴፕቴምበር
month-10 = ኦክቶበር
month-11 = ኖቬምበር
month-12 = ዲሴምበር
