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
sign-in-another-title = That was somebody else
sign-in-another = The person who signed in again is not the one who signed in before. Nothing was changed.
sign-out-there-title = You have signed out here
sign-out-there = We now sign you out of { $name } too. If nothing happens, use the link below.
sign-out-there-link = Sign out of { $name }

# Not registered

not-registered-link = You are not registered yet?
not-registered-title = You are not registered yet
not-registered-lead = We found no number for you in our programmes. So we cannot show you payments, or pay you. This is what you can do:
not-registered-ask = Ask to be registered.
not-registered-bring = Bring your identity card. If somebody receives payments for your household, bring that person too.
not-registered-wait = When you are told that you are registered, sign in here again in the same way.
not-registered-free = Being registered costs nothing. Give nobody money for it, and tell nobody your password.

# The account

account-title = The account where you are paid
account-bank = Bank
account-branch = Branch
account-branch-code = Branch code
account-number = Account number
account-wallet = Mobile money service
account-phone = Phone number
account-email-wallet = Email wallet service
account-email = Email address
account-ending = ending { $ending }
account-short = { $provider }, { $number }
account-hidden = not shown
account-why-hidden = We show only the end of the number, so that nobody who looks over your shoulder can read it.
account-inactive = Payments to this account are stopped at the moment. Choose another account, or ask for help.
account-none-title = We do not know where to pay you
account-none = You have not told us an account yet. Until you do, no payment can reach you.
account-other = You have an account with us of a kind that we cannot show here.
account-change = Change where you are paid
account-name = Say where to pay you
account-stop = Stop being paid to this account

# Changing it

change-title = Where do you want to be paid?
change-hint = Choose an account that is in your own name.
change-bank = To a bank account
change-wallet = To a mobile money service on a phone
change-email = To a wallet with an email address
change-kind-missing = Choose where you want to be paid
change-not-here = You cannot change your account on these pages yet. Ask for help with it.
bank-title = Which bank is it?
bank-choose-missing = Choose your bank
branch-title = Which branch of the bank is it?
branch-search = Name or place of the branch
branch-search-hint = The office of the bank where you opened the account. A part of the name is enough.
branch-search-button = Search
branch-search-missing = Enter a part of the name, search, and choose your branch
branch-choose = Branch
branch-choose-missing = Choose your branch
branch-none = No branch has this in its name. Try a shorter part of it.
branch-more = More branches than these fit. If yours is not here, enter more of its name.
number-title = What is your account number?
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
email-title = Which email wallet is it?
email-hint = The email address that you use for this wallet
email-missing = Enter your email address
email-characters = Check the email address: it has a letter or sign that cannot be in one
email-long = Check the email address: it is too long
email-wrong = Enter the whole email address, for example name@example.org
continue = Continue

# Checking and confirming it

check-title = Is this right?
check-lead = Look at each line. Money that goes to a wrong account is hard to get back.
check-button = Yes, pay me here
check-edit = No, change it
stop-title = Do you want to stop being paid to this account?
stop-lead = Then we do not know where to pay you, and no payment can reach you until you tell us another account.
stop-button = Yes, stop paying me there
stop-keep = No, keep it
stopped-title = You are no longer paid to this account
stopped-lead = Until you tell us another account no payment can reach you. A payment that is already on its way may still go to this one.
frozen-title = Your account cannot be changed now
frozen = The programme has stopped changes of your account to protect you. Nothing was changed. Ask for help.
refused-title = We could not use this account
refused = The account was not accepted. Check what you entered, or choose another account.
refused-again = Enter an account again
receipt-title = You changed where you are paid
receipt-lead = Your next payment goes to this account. A payment that is already on its way may still go to the old one.
receipt-reference = Reference
receipt-keep = Write down the reference. If you did not make this change yourself, ask for help at once.
receipt-when = Changed on
receipt-payments = See your payments

# What was changed

history-title = Changes of your account
history-lead = If you see a change that you did not make or ask for, ask for help at once.
history-none = Nothing has been changed yet.
history-older = There are older changes, which are not shown here. Ask for help if you need them.
history-linked = Account added
history-updated = Account changed
history-unlinked = Account removed
history-frozen = Changes stopped, to protect you
history-unfrozen = Changes allowed again
history-other = Something was changed
history-by-you = By you, on these pages
history-by-staff = By staff of the programme
history-by-system = By the programme

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
