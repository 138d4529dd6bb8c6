# The page shell and its components.

skip-to-content = Skip to the main content
menu = Menu
sign-out = Sign out
language = Language:
back = Back
title-error = Something is missing or wrong:
error-mark = Error:
error-summary-title = Please check what you entered
choose-one = Choose one
help-title = Do you need help?

# How this language writes numbers, amounts and dates.

number-group = ,
number-decimal = .
money = { $currency }{ "\u00A0" }{ $number }
date = { $day } { $month } { $year }
date-time = { $date }, { $time } ({ $zone })
month-1 = January
month-2 = February
month-3 = March
month-4 = April
month-5 = May
month-6 = June
month-7 = July
month-8 = August
month-9 = September
month-10 = October
month-11 = November
month-12 = December
