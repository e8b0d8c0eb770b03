"""The words that the commonest passwords are made of, French and English ones, in small letters.

Whoever guesses tries these first, with `1!`, `123!` and the year behind them.
"""

_WORDS = """
    111111 123123 123456 12345678 123456789 654321 666666 aaaaaa abc abcabc access adm1n admin administrateur
    administrator adobe amour andrea angel animal anthony apple april arsenal asdf asdfgh asdfghjkl asdfjkl
    ashley august azerty azertyuiop azqswx bailey banane baseball basketball batman biscuit blink bonheur
    bonjour bordeaux buster butterfly camille caramel carlos caroline changeme changemoi charlie chelsea chicken
    chocolat chocolate chouchou compaq computer cookie corvette coucou daniel december diamond doudou dragon
    dubsmash eminem equipe europa facebook family february ferrari fleur flower football france francois freedom
    friends fuckyou george ginger google guitar hannah harley heather hello hockey hunter iloveyou internet
    isabelle jackson january jasmine jennifer jessica jesus jetaime jordan jordans joseph joshua july june
    justin kevin killer laurent letmein linkedin liverpool login loulou lovely maggie marine marseille martin
    master matrix matthew maxime melanie mercedes merlin michael michelle mickey minecraft moncompte monday
    monkey motdepass motdepasse mother mustang mynoob naruto nathalie nicolas nicole november october orange
    ordinateur pakistan paris pass passe passw passwd password paswoord patrick peanut pepper philippe pokemon
    porsche portugal princess princesse purple qazwsx qazwsxedc qsdfgh qwer qwert qwerty qwertyu qwertyuiop
    ranger richard robert root samantha samsung secret september shadow silver snoopy soccer soleil sophie
    spiderman starwars stephane success summer sunday sunshine superman support taylor thomas thunder tigger
    trustno twitter vacances valentin vincent virginie welcome whatever william winter wordpass yankees zaqwsx
    zinch zxcvbn zxcvbnm
"""
COMMON = frozenset(_WORDS.split())
