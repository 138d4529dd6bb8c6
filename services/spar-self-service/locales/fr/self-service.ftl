# Texts of the self-service pages. Short sentences; the reader is "you"; no jargon.

site = Mes paiements
nav-account = Mon compte
nav-payments = Mes paiements
help-default = Demandez au bureau local de votre programme.

# Signing in

sign-in-title = Voir vos paiements
sign-in-lead = Ici, vous voyez ce qui vous a été payé et vous choisissez le compte où vous êtes payé.
sign-in-demo = Ceci est une démonstration. Connectez-vous avec le code d’une de ses personnes.
sign-in-code = Code de la personne
sign-in-code-hint = Il commence par token: et finit par @nationalId
sign-in-code-missing = Écrivez le code d’une personne
sign-in-code-wrong = Écrivez tout le code, de token: à @nationalId
sign-in-button = Se connecter
sign-in-closed = Vous ne pouvez pas encore vous connecter ici. Les personnes nommées plus bas peuvent vous parler de vos paiements et de votre compte.
sign-in-ended = Vous étiez absent un moment, nous vous avons donc déconnecté. Connectez-vous de nouveau pour continuer.
sign-in-first = Connectez-vous pour voir cette page.
signed-out = Vous êtes déconnecté.
sign-in-with = Se connecter avec { $name }
sign-in-again-lead = Avant de changer le compte où vous êtes payé, montrez-nous encore une fois que c’est bien vous. Ce que vous avez écrit est gardé.
sign-in-again = Se connecter de nouveau avec { $name }
sign-in-over-title = La connexion n’est pas terminée
sign-in-over = Cela a pris trop de temps, ou cela a commencé ailleurs. Veuillez recommencer.
sign-in-denied-title = Vous ne vous êtes pas connecté
sign-in-denied = Vous vous êtes arrêté en chemin, ou l’accès vous a été refusé. Vous pouvez essayer encore.
sign-in-refused-title = Nous n’avons pas pu vous connecter
sign-in-refused = Nous n’avons pas pu vérifier que c’est bien vous. Veuillez recommencer. Si cela se répète, demandez de l’aide.
sign-in-another-title = C’était quelqu’un d’autre
sign-in-another = La personne qui s’est connectée maintenant n’est pas celle d’avant. Rien n’a été changé.
sign-out-there-title = Vous êtes déconnecté ici
sign-out-there = Nous vous déconnectons aussi de { $name }. Si rien ne se passe, utilisez le lien plus bas.
sign-out-there-link = Se déconnecter de { $name }

# Not registered

not-registered-link = Vous n’êtes pas encore inscrit ?
not-registered-title = Vous n’êtes pas encore inscrit
not-registered-lead = Nous n’avons trouvé aucun numéro pour vous dans nos programmes. Nous ne pouvons donc pas vous montrer de paiements, ni vous payer. Voici ce que vous pouvez faire :
not-registered-ask = Demandez à être inscrit.
not-registered-bring = Apportez votre carte d’identité. Si quelqu’un reçoit les paiements pour votre ménage, venez avec cette personne.
not-registered-wait = Quand on vous dit que vous êtes inscrit, connectez-vous ici de nouveau, de la même façon.
not-registered-free = L’inscription est gratuite. Ne donnez d’argent à personne pour cela, et ne dites votre mot de passe à personne.

# The account

account-title = Le compte où vous êtes payé
account-bank = Banque
account-branch = Agence
account-branch-code = Code de l’agence
account-number = Numéro de compte
account-wallet = Service d’argent mobile
account-phone = Numéro de téléphone
account-email-wallet = Portefeuille par e-mail
account-email = Adresse e-mail
account-ending = se termine par { $ending }
account-short = { $provider }, { $number }
account-hidden = non affiché
account-why-hidden = Nous ne montrons que la fin du numéro, pour que personne ne puisse le lire par-dessus votre épaule.
account-inactive = Les paiements vers ce compte sont arrêtés en ce moment. Choisissez un autre compte ou demandez de l’aide.
account-none-title = Nous ne savons pas où vous payer
account-none = Vous ne nous avez pas encore donné de compte. Sans compte, aucun paiement ne peut vous parvenir.
account-other = Vous avez chez nous un compte que nous ne pouvons pas montrer ici.
account-change = Changer de compte
account-name = Dire où vous payer
account-stop = Ne plus être payé sur ce compte

# Changing it

change-title = Où voulez-vous être payé ?
change-hint = Choisissez un compte à votre propre nom.
change-bank = Sur un compte en banque
change-wallet = Sur un service d’argent mobile, par téléphone
change-email = Sur un portefeuille avec une adresse e-mail
change-kind-missing = Choisissez où vous voulez être payé
change-not-here = Vous ne pouvez pas encore changer de compte sur ces pages. Demandez de l’aide.
bank-title = Quelle est votre banque ?
bank-choose-missing = Choisissez votre banque
branch-title = Quelle est l’agence de la banque ?
branch-search = Nom ou lieu de l’agence
branch-search-hint = Le bureau de la banque où vous avez ouvert le compte. Une partie du nom suffit.
branch-search-button = Chercher
branch-search-missing = Écrivez une partie du nom, cherchez, puis choisissez votre agence
branch-choose = Agence
branch-choose-missing = Choisissez votre agence
branch-none = Aucune agence n’a cela dans son nom. Essayez une partie plus courte.
branch-more = Il y a encore d’autres agences. Si la vôtre n’est pas ici, écrivez plus de son nom.
number-title = Quel est votre numéro de compte ?
number-hint = Il est sur votre carte, votre relevé ou votre livret de banque
number-missing = Écrivez votre numéro de compte
number-characters = Écrivez le numéro de compte seulement avec des chiffres et des lettres
number-short = Vérifiez le numéro de compte : il a au moins 6 chiffres ou lettres
number-long = Vérifiez le numéro de compte : il a au plus 34 chiffres ou lettres
number-check = Vérifiez le numéro de compte : au moins un chiffre ou une lettre est faux
wallet-title = Quel est votre compte d’argent mobile ?
wallet-choose-missing = Choisissez votre service
phone-hint = Le numéro de téléphone que vous utilisez pour l’argent mobile
phone-missing = Écrivez votre numéro de téléphone
phone-characters = Écrivez le numéro de téléphone seulement avec des chiffres
phone-short = Vérifiez le numéro de téléphone : il en manque une partie
phone-long = Vérifiez le numéro de téléphone : il est trop long
phone-country = Écrivez le numéro de téléphone avec + et le code du pays devant
email-title = Quel est votre portefeuille par e-mail ?
email-hint = L’adresse e-mail que vous utilisez pour ce portefeuille
email-missing = Écrivez votre adresse e-mail
email-characters = Vérifiez l’adresse e-mail : une lettre ou un signe n’y a pas sa place
email-long = Vérifiez l’adresse e-mail : elle est trop longue
email-wrong = Écrivez toute l’adresse e-mail, par exemple nom@example.org
continue = Continuer

# Checking and confirming it

check-title = Est-ce que tout est juste ?
check-lead = Regardez chaque ligne. L’argent qui part vers un mauvais compte est difficile à récupérer.
check-button = Oui, payez-moi ici
check-edit = Non, corriger
stop-title = Voulez-vous ne plus être payé sur ce compte ?
stop-lead = Alors nous ne saurons plus où vous payer, et aucun paiement ne pourra vous parvenir tant que vous ne donnez pas un autre compte.
stop-button = Oui, ne me payez plus là
stop-keep = Non, le garder
stopped-title = Vous n’êtes plus payé sur ce compte
stopped-lead = Tant que vous ne donnez pas un autre compte, aucun paiement ne peut vous parvenir. Un paiement déjà en route peut encore arriver sur celui-ci.
frozen-title = Votre compte ne peut pas être changé maintenant
frozen = Le programme a arrêté les changements de votre compte pour vous protéger. Rien n’a été changé. Demandez de l’aide.
refused-title = Nous n’avons pas pu utiliser ce compte
refused = Le compte n’a pas été accepté. Vérifiez ce que vous avez écrit, ou choisissez un autre compte.
refused-again = Écrire un compte de nouveau
receipt-title = Vous avez changé le compte où vous êtes payé
receipt-lead = Votre prochain paiement ira sur ce compte. Un paiement déjà en route peut encore aller sur l’ancien.
receipt-reference = Référence
receipt-keep = Notez la référence. Si ce n’est pas vous qui avez fait ce changement, demandez de l’aide tout de suite.
receipt-when = Changé le
receipt-payments = Voir vos paiements

# What was changed

history-title = Changements de votre compte
history-lead = Si vous voyez un changement que vous n’avez ni fait ni demandé, demandez de l’aide tout de suite.
history-none = Rien n’a encore été changé.
history-older = Il y a des changements plus anciens, qui ne sont pas montrés ici. Demandez de l’aide si vous en avez besoin.
history-linked = Compte ajouté
history-updated = Compte changé
history-unlinked = Compte retiré
history-frozen = Changements arrêtés, pour vous protéger
history-unfrozen = Changements de nouveau permis
history-other = Quelque chose a été changé
history-by-you = Par vous, sur ces pages
history-by-staff = Par le personnel du programme
history-by-system = Par le programme

# Payments

payments-title = Vos paiements
payments-none = Il n’y a pas encore de paiements pour vous.
payments-count = { $count ->
    [one] Un paiement, et où il en est.
   *[other] { $count } paiements, le plus récent d’abord.
 }
payment-date = Pour le { $date }
progress-preparing = En préparation
progress-on-its-way = En route vers votre compte
progress-paid = Payé
progress-sent-back = Renvoyé par votre banque
progress-not-paid = Non payé
progress-cancelled = Annulé
advice-name-account = Nous ne savions pas où vous payer.
advice-change-account = Le compte est fermé ou ne peut pas recevoir d’argent. Choisissez un autre compte.
advice-wait = Le programme et sa banque s’en occupent. Vous n’avez rien à faire.
advice-ask = Demandez de l’aide. Nous pouvons vous dire la raison.

# When something does not work

away-title = Nous ne pouvons pas montrer cette page maintenant
away = Essayez de nouveau dans quelques minutes. Vous n’avez rien perdu.
away-change-title = Nous ne savons pas encore si votre compte a été changé
away-change = Attendez quelques minutes et regardez votre compte. S’il n’est pas changé, envoyez de nouveau : c’est sans danger.
forged-title = Cette page est restée ouverte trop longtemps
forged = Veuillez recommencer. Rien n’a été changé.
not-found-title = Cette page n’existe pas
not-found = Vérifiez l’adresse, ou recommencez à la première page.
forbidden-title = Vous ne pouvez pas faire cela ici
forbidden = Demandez de l’aide.
broken-title = Quelque chose n’a pas marché chez nous
broken = Essayez de nouveau plus tard. Si cela se répète, demandez de l’aide.
start-again = Aller à la première page
see-account = Voir votre compte
