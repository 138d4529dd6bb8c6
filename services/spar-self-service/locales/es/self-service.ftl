# Texts of the self-service pages. Short sentences; the reader is "you"; no jargon.

site = Mis pagos
nav-account = Mi cuenta
nav-payments = Mis pagos
help-default = Pregunte en la oficina local de su programa.

# Signing in

sign-in-title = Vea sus pagos
sign-in-lead = Aquí puede ver lo que se le pagó y elegir la cuenta donde recibe sus pagos.
sign-in-demo = Esto es una demostración. Entre con el código de una de sus personas.
sign-in-code = Código de la persona
sign-in-code-hint = Empieza con token: y termina con @nationalId
sign-in-code-missing = Escriba el código de una persona
sign-in-code-wrong = Escriba todo el código, desde token: hasta @nationalId
sign-in-button = Entrar
sign-in-closed = Todavía no puede entrar aquí. Las personas que se nombran abajo pueden informarle de sus pagos y su cuenta.
sign-in-ended = Pasó un rato sin actividad y cerramos su sesión. Entre otra vez para continuar.
sign-in-first = Entre para ver esta página.
signed-out = Ha salido.
sign-in-with = Entrar con { $name }
sign-in-again-lead = Antes de cambiar dónde recibe sus pagos, muéstrenos otra vez que es usted. Lo que escribió se guarda.
sign-in-again = Entrar otra vez con { $name }
sign-in-over-title = No se terminó de entrar
sign-in-over = Tardó demasiado, o se empezó en otro lugar. Empiece otra vez.
sign-in-denied-title = Usted no entró
sign-in-denied = Se detuvo en el camino, o no se le permitió entrar. Puede intentarlo otra vez.
sign-in-refused-title = No pudimos dejarle entrar
sign-in-refused = No pudimos comprobar que es usted. Empiece otra vez. Si vuelve a pasar, pida ayuda.
sign-in-another-title = Era otra persona
sign-in-another = La persona que entró ahora no es la misma que entró antes. No se cambió nada.
sign-out-there-title = Ha salido de aquí
sign-out-there = Ahora cerramos también su sesión en { $name }. Si no pasa nada, use el enlace de abajo.
sign-out-there-link = Salir de { $name }

# Not registered

not-registered-link = ¿Todavía no está inscrito?
not-registered-title = Usted todavía no está inscrito
not-registered-lead = No encontramos un número suyo en nuestros programas. Por eso no podemos mostrarle pagos ni pagarle. Esto es lo que puede hacer:
not-registered-ask = Pida que le inscriban.
not-registered-bring = Lleve su documento de identidad. Si alguien recibe los pagos de su hogar, vaya con esa persona.
not-registered-wait = Cuando le digan que está inscrito, entre aquí otra vez de la misma manera.
not-registered-free = Inscribirse no cuesta nada. No dé dinero a nadie por ello, y no diga a nadie su contraseña.

# The account

account-title = La cuenta donde recibe sus pagos
account-bank = Banco
account-branch = Sucursal
account-branch-code = Código de la sucursal
account-number = Número de cuenta
account-wallet = Servicio de dinero móvil
account-phone = Número de teléfono
account-email-wallet = Billetera por correo electrónico
account-email = Correo electrónico
account-ending = termina en { $ending }
account-short = { $provider }, { $number }
account-hidden = no se muestra
account-why-hidden = Solo mostramos el final del número, para que nadie pueda leerlo por encima de su hombro.
account-inactive = Los pagos a esta cuenta están detenidos por ahora. Elija otra cuenta o pida ayuda.
account-none-title = No sabemos dónde pagarle
account-none = Todavía no nos ha dado una cuenta. Hasta que lo haga, ningún pago puede llegarle.
account-other = Tiene con nosotros una cuenta de un tipo que no podemos mostrar aquí.
account-change = Cambiar dónde recibe sus pagos
account-name = Decir dónde pagarle
account-stop = Dejar de recibir pagos en esta cuenta

# Changing it

change-title = ¿Dónde quiere recibir sus pagos?
change-hint = Elija una cuenta que esté a su nombre.
change-bank = En una cuenta de banco
change-wallet = En un servicio de dinero móvil en un teléfono
change-email = En una billetera con correo electrónico
change-kind-missing = Elija dónde quiere recibir sus pagos
change-not-here = Todavía no puede cambiar su cuenta en estas páginas. Pida ayuda.
bank-title = ¿Qué banco es?
bank-choose-missing = Elija su banco
branch-title = ¿Qué sucursal del banco es?
branch-search = Nombre o lugar de la sucursal
branch-search-hint = La oficina del banco donde abrió la cuenta. Basta una parte del nombre.
branch-search-button = Buscar
branch-search-missing = Escriba una parte del nombre, busque y elija su sucursal
branch-choose = Sucursal
branch-choose-missing = Elija su sucursal
branch-none = Ninguna sucursal tiene eso en su nombre. Pruebe con una parte más corta.
branch-more = Hay más sucursales que estas. Si la suya no está aquí, escriba más de su nombre.
number-title = ¿Cuál es su número de cuenta?
number-hint = Está en su tarjeta, en su estado de cuenta o en su libreta
number-missing = Escriba su número de cuenta
number-characters = Escriba el número de cuenta solo con números y letras
number-short = Revise el número de cuenta: tiene al menos 6 números o letras
number-long = Revise el número de cuenta: tiene como máximo 34 números o letras
number-check = Revise el número de cuenta: al menos un número o una letra está mal
wallet-title = ¿Qué cuenta de dinero móvil es?
wallet-choose-missing = Elija su servicio
phone-hint = El número de teléfono que usa para el dinero móvil
phone-missing = Escriba su número de teléfono
phone-characters = Escriba el número de teléfono solo con números
phone-short = Revise el número de teléfono: falta una parte
phone-long = Revise el número de teléfono: es demasiado largo
phone-country = Escriba el número de teléfono con + y el código del país delante
email-title = ¿Qué billetera por correo electrónico es?
email-hint = El correo electrónico que usa para esta billetera
email-missing = Escriba su correo electrónico
email-characters = Revise el correo electrónico: tiene una letra o un signo que no puede llevar
email-long = Revise el correo electrónico: es demasiado largo
email-wrong = Escriba el correo electrónico completo, por ejemplo nombre@example.org
continue = Continuar

# Checking and confirming it

check-title = ¿Está bien así?
check-lead = Mire cada línea. El dinero que va a una cuenta equivocada es difícil de recuperar.
check-button = Sí, páguenme aquí
check-edit = No, cambiarlo
stop-title = ¿Quiere dejar de recibir pagos en esta cuenta?
stop-lead = Entonces no sabremos dónde pagarle, y ningún pago podrá llegarle hasta que nos dé otra cuenta.
stop-button = Sí, dejen de pagarme ahí
stop-keep = No, conservarla
stopped-title = Ya no recibe pagos en esta cuenta
stopped-lead = Hasta que nos dé otra cuenta, ningún pago puede llegarle. Un pago que ya está en camino aún puede llegar a esta.
frozen-title = Su cuenta no se puede cambiar ahora
frozen = El programa detuvo los cambios de su cuenta para protegerle. No se cambió nada. Pida ayuda.
refused-title = No pudimos usar esta cuenta
refused = La cuenta no fue aceptada. Revise lo que escribió, o elija otra cuenta.
refused-again = Escribir una cuenta otra vez
receipt-title = Cambió dónde recibe sus pagos
receipt-lead = Su próximo pago irá a esta cuenta. Un pago que ya está en camino aún puede ir a la anterior.
receipt-reference = Referencia
receipt-keep = Anote la referencia. Si no hizo usted este cambio, pida ayuda enseguida.
receipt-when = Cambiado el
receipt-payments = Ver sus pagos

# What was changed

history-title = Cambios de su cuenta
history-lead = Si ve un cambio que no hizo ni pidió, pida ayuda enseguida.
history-none = Todavía no se ha cambiado nada.
history-older = Hay cambios más antiguos que no se muestran aquí. Pida ayuda si los necesita.
history-linked = Cuenta agregada
history-updated = Cuenta cambiada
history-unlinked = Cuenta quitada
history-frozen = Cambios detenidos, para protegerle
history-unfrozen = Cambios permitidos otra vez
history-other = Se cambió algo
history-by-you = Por usted, en estas páginas
history-by-staff = Por el personal del programa
history-by-system = Por el programa

# Payments

payments-title = Sus pagos
payments-none = Todavía no hay pagos para usted.
payments-count = { $count ->
    [one] Un pago, y cómo va.
   *[other] { $count } pagos, primero el más nuevo.
 }
payment-date = Para el { $date }
progress-preparing = En preparación
progress-on-its-way = En camino a su cuenta
progress-paid = Pagado
progress-sent-back = Devuelto por su banco
progress-not-paid = No pagado
progress-cancelled = Cancelado
advice-name-account = No sabíamos dónde pagarle.
advice-change-account = La cuenta está cerrada o no puede recibir dinero. Elija otra cuenta.
advice-wait = El programa y su banco se están ocupando. Usted no tiene que hacer nada.
advice-ask = Pida ayuda. Podemos decirle la razón.

# When something does not work

away-title = No podemos mostrar esta página ahora
away = Inténtelo otra vez en unos minutos. No ha perdido nada.
away-change-title = Todavía no sabemos si su cuenta cambió
away-change = Espere unos minutos y mire su cuenta. Si no ha cambiado, envíelo otra vez: no hay peligro.
forged-title = Esta página estuvo abierta demasiado tiempo
forged = Empiece otra vez. No se cambió nada.
not-found-title = Esta página no existe
not-found = Revise la dirección, o empiece desde la primera página.
forbidden-title = No puede hacer esto aquí
forbidden = Pida ayuda.
broken-title = Algo falló de nuestro lado
broken = Inténtelo otra vez más tarde. Si vuelve a pasar, pida ayuda.
start-again = Ir a la primera página
see-account = Ver su cuenta
