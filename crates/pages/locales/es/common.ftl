# The page shell and its components.

skip-to-content = Ir al contenido principal
menu = Menú
sign-out = Salir
language = Idioma:
back = Volver
title-error = Falta algo o hay un error:
error-mark = Error:
error-summary-title = Revise lo que escribió
choose-one = Elija
help-title = ¿Necesita ayuda?

# How this language writes numbers, amounts and dates.

number-group = .
number-decimal = ,
money = { $number }{ "\u00A0" }{ $currency }
date = { $day } de { $month } de { $year }
date-time = { $date }, { $time } ({ $zone })
month-1 = enero
month-2 = febrero
month-3 = marzo
month-4 = abril
month-5 = mayo
month-6 = junio
month-7 = julio
month-8 = agosto
month-9 = septiembre
month-10 = octubre
month-11 = noviembre
month-12 = diciembre
