# The page shell and its components.

skip-to-content = Aller au contenu principal
menu = Menu
sign-out = Se déconnecter
language = Langue :
back = Retour
title-error = Il manque quelque chose, ou il y a une erreur :
error-mark = Erreur :
error-summary-title = Vérifiez ce que vous avez écrit
choose-one = Choisissez
help-title = Besoin d’aide ?

# How this language writes numbers, amounts and dates.

number-group = { "\u202F" }
number-decimal = ,
money = { $number }{ "\u00A0" }{ $currency }
date = { $day } { $month } { $year }
date-time = { $date }, { $time } ({ $zone })
month-1 = janvier
month-2 = février
month-3 = mars
month-4 = avril
month-5 = mai
month-6 = juin
month-7 = juillet
month-8 = août
month-9 = septembre
month-10 = octobre
month-11 = novembre
month-12 = décembre
