# The page shell and its components.

skip-to-content = Pumunta sa pangunahing nilalaman
menu = Menu
sign-out = Mag-sign out
language = Wika:
back = Bumalik
title-error = May kulang o mali:
error-mark = Mali:
error-summary-title = Pakitingnan ang inilagay mo
choose-one = Pumili ng isa
help-title = Kailangan mo ba ng tulong?

# How this language writes numbers, amounts and dates.

number-group = ,
number-decimal = .
money = { $currency }{ "\u00A0" }{ $number }
date = { $month } { $day }, { $year }
date-time = { $date }, { $time } ({ $zone })
month-1 = Enero
month-2 = Pebrero
month-3 = Marso
month-4 = Abril
month-5 = Mayo
month-6 = Hunyo
month-7 = Hulyo
month-8 = Agosto
month-9 = Setyembre
month-10 = Oktubre
month-11 = Nobyembre
month-12 = Disyembre
