"""The words that the commonest passwords are made of, French and English ones, in small letters.

Whoever guesses tries these first, with `1!`, `123!` and the year behind them.
"""

_WORDS = """
    111111 123123 123456 12345678 123456789 1q2w3e4r 654321 666666 aaaaaa aabb abc abcabc abcd access adm1n
    admin administrateur administrator adobe alsace amour andrea angel animal anthony aout apple april aqw1zsx2
    arsenal asd asdf asdfgh asdfghjkl asdfjkl ashley august automne avril azer azert azerty azertyuiop azqswx
    bailey banane baseball basketball batman bienvenue biscuit blink bonheur bonjour bonsoir bordeaux bretagne
    buster butterfly camille caramel carlos caroline changeme changemoi charlie chat chelsea chicken chien
    chocolat chocolate chouchou compaq computer cookie corvette coucou coucou123 daniel december decembre
    diamond dimanche doudou dragon dubsmash eminem equipe europa facebook family february ferrari fevrier fleur
    flower football france francois freedom friday friends fuckyou george ginger google guitar hannah harley
    heather hello hello123 hiver hockey hunter iloveyou internet isabelle jackson january janvier jasmine
    jennifer jessica jesus jetaime jeudi jordan jordans joseph joshua juillet juin july june justin kevin killer
    laurent letmein linkedin liverpool login loulou lovely lundi lyon maggie maman march mardi marine mars
    marseille martin master matrix matthew maxime melanie mercedes mercredi merlin michael michelle mickey
    minecraft moncompte monday monkey motdepass motdepasse motdepasses mother mustang mynoob nantes naruto
    nathalie nicolas nicole nounours november novembre october octobre orange ordinateur p4ssw0rd pakistan papa
    paris pass passe passw passwd password paswoord patrick peanut pepper philippe poiuy pokemon porsche
    portugal princess princesse printemps purple q1w2e3 q1w2e3r4 qazwsx qazwsxedc qsdfgh qwe qwer qwert qwerty
    qwertyu qwertyuiop ranger richard robert root salut samantha samedi samsung saturday secret secret123
    september septembre shadow silver snoopy soccer soleil sophie spiderman starwars stephane success summer
    sunday sunshine superman support tata taylor thomas thunder thursday tigger titi toto toulouse trustno
    tuesday twitter vacances valentin vendredi vincent virginie wednesday welcome whatever william winter
    wordpass yankees zaqwsx zinch zxc zxcvbn zxcvbnm
"""
COMMON = frozenset(_WORDS.split())
