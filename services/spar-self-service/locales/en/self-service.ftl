# Texts of the self-service pages. Short sentences; the reader is "you"; no jargon.

site = My payments
nav-account = My account
nav-payments = My payments
help-default = Ask at your local programme office.

# Signing in

sign-in-title = See your payments
sign-in-lead = Here you can see what was paid to you, and choose the account where you are paid.
sign-in-demo = This is a demonstration. Sign in as one of its people by their code.
sign-in-code = Code of the person
sign-in-code-hint = It begins with token: and ends with @nationalId
sign-in-code-missing = Enter the code of a person
sign-in-code-wrong = Enter the whole code, from token: to @nationalId
sign-in-button = Sign in
sign-in-closed = You cannot sign in here yet. The people named below can tell you about your payments and your account.
sign-in-ended = You were away for a while, so we signed you out. Sign in again to go on.
sign-in-first = Sign in to see this page.
signed-out = You have signed out.
sign-in-with = Sign in with { $name }
sign-in-again-lead = Before we change where you are paid, show us once more that it is you. What you entered is kept.
sign-in-again = Sign in again with { $name }
sign-in-over-title = Signing in was not finished
sign-in-over = It took too long, or it was begun somewhere else. Please start again.
sign-in-denied-title = You did not sign in
sign-in-denied = You stopped on the way, or you were not let in. You can try again.
sign-in-refused-title = We could not sign you in
sign-in-refused = We could not make sure that it is you. Please start again. If it happens again, ask for help.
sign-in-unknown-title = We could not tell who you are
sign-in-unknown = You signed in, but we were not told your number in our programmes. Ask for help, and bring your identity card.
sign-in-another-title = That was somebody else
sign-in-another = The person who signed in again is not the one who signed in before. Nothing was changed.
sign-out-there-title = You have signed out here
sign-out-there = We now sign you out of { $name } too. If nothing happens, use the link below.
sign-out-there-link = Sign out of { $name }

# The account

account-title = The account where you are paid
account-bank = Bank
account-branch = Branch
account-branch-code = Branch code
account-number = Account number
account-wallet = Mobile money service
account-phone = Phone number
account-ending = ending { $ending }
account-hidden = not shown
account-why-hidden = We show only the end of the number, so that nobody who looks over your shoulder can read it.
account-inactive = Payments to this account are stopped at the moment. Choose another account, or ask for help.
account-none-title = We do not know where to pay you
account-none = You have not told us an account yet. Until you do, no payment can reach you.
account-other = You have an account with us of a kind that we cannot show here.
account-change = Change where you are paid
account-name = Say where to pay you

# Changing it

change-title = Where do you want to be paid?
change-hint = Choose an account that is in your own name.
change-bank = To a bank account
change-wallet = To a mobile money service on a phone
change-kind-missing = Choose where you want to be paid
change-not-here = You cannot change your account on these pages yet. Ask for help with it.
bank-title = Which bank account is it?
bank-choose-missing = Choose your bank
branch-name = Name of the branch
branch-name-hint = The office of the bank where you opened the account
branch-name-missing = Enter the name of the branch
branch-name-wrong = Enter the name of the branch with letters and numbers only
branch-code = Code of the branch
branch-code-hint = You find it on your bank statement or in your account book
branch-code-missing = Enter the code of the branch
branch-code-wrong = Enter the code of the branch with letters and numbers only
number-hint = You find it on your bank card, bank statement or in your account book
number-missing = Enter your account number
number-characters = Enter the account number with numbers and letters only
number-short = Check the account number: it has at least 6 numbers or letters
number-long = Check the account number: it has at most 34 numbers or letters
number-check = Check the account number: at least one number or letter in it is wrong
wallet-title = Which mobile money account is it?
wallet-choose-missing = Choose your mobile money service
phone-hint = The phone number that you use for mobile money
phone-missing = Enter your phone number
phone-characters = Enter the phone number with numbers only
phone-short = Check the phone number: some of it is missing
phone-long = Check the phone number: it is too long
phone-country = Enter the phone number with + and the code of the country in front
continue = Continue

# Checking and confirming it

check-title = Is this right?
check-lead = Look at each line. Money that goes to a wrong account is hard to get back.
check-button = Yes, pay me here
check-edit = No, change it
refused-title = We could not use this account
refused = The account was not accepted. Check what you entered, or choose another account.
refused-again = Enter an account again
receipt-title = You changed where you are paid
receipt-lead = Your next payment goes to this account. A payment that is already on its way may still go to the old one.
receipt-reference = Reference
receipt-keep = Write down the reference. If you did not make this change yourself, ask for help at once.
receipt-when = Changed on
receipt-payments = See your payments

# Payments

payments-title = Your payments
payments-none = There are no payments for you yet.
payments-count = { $count ->
    [one] One payment, and how far it is.
   *[other] { $count } payments, the newest first.
 }
payment-date = For { $date }
progress-preparing = Being prepared
progress-on-its-way = On its way to your account
progress-paid = Paid
progress-sent-back = Sent back by your bank
progress-not-paid = Not paid
progress-cancelled = Cancelled
advice-name-account = We did not know where to pay you.
advice-change-account = The account is closed or cannot take money. Choose another account.
advice-wait = The programme and its bank are working on it. You do not have to do anything.
advice-ask = Ask for help. We can tell you the reason.

# When something does not work

away-title = We cannot show this page right now
away = Please try again in a few minutes. You have not lost anything.
away-change-title = We do not know yet if your account was changed
away-change = Please wait a few minutes and look at your account. If it is not changed, send it again: that is safe.
forged-title = This page was open for too long
forged = Please start again. Nothing was changed.
not-found-title = There is no such page
not-found = Check the address, or start again from the first page.
forbidden-title = You cannot do this here
forbidden = Ask for help.
broken-title = Something went wrong on our side
broken = Please try again later. If it happens again, ask for help.
start-again = Go to the first page
see-account = Look at your account
