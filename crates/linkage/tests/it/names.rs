//! Name pools of the test register: (Latin spelling, other spelling or other script). The other spelling is what a
//! second clerk may have written. Ordered by how common they are.

pub type Name = (&'static str, &'static str);

pub struct Culture {
    pub men: &'static [Name],
    pub women: &'static [Name],
    pub families: &'static [Name],
    /// Children carry the father's given name instead of a family name.
    pub patronymic: bool,
    /// Two given names are usual.
    pub double_given: bool,
}

pub const CULTURES: [Culture; 5] = [ARABIC, AMHARIC, INDIC, SLAVIC, FILIPINO];

const ARABIC: Culture = Culture {
    men: &[
        ("Mohamed", "محمد"), ("Ahmed", "أحمد"), ("Ali", "علي"), ("Hassan", "حسن"), ("Hussein", "حسين"),
        ("Ibrahim", "إبراهيم"), ("Omar", "عمر"), ("Abdullah", "عبدالله"), ("Yusuf", "يوسف"), ("Khalid", "خالد"),
        ("Osman", "عثمان"), ("Mustafa", "مصطفى"), ("Ismail", "إسماعيل"), ("Said", "سعيد"), ("Mahmoud", "محمود"),
        ("Salim", "سالم"), ("Hamza", "حمزة"), ("Abdi", "عبدي"), ("Suleiman", "سليمان"), ("Idris", "إدريس"),
        ("Bashir", "بشير"), ("Farah", "فرح"), ("Jamal", "جمال"), ("Nasser", "ناصر"), ("Tariq", "طارق"),
        ("Walid", "وليد"), ("Zakaria", "زكريا"), ("Anwar", "أنور"), ("Faisal", "فيصل"), ("Karim", "كريم"),
    ],
    women: &[
        ("Fatima", "فاطمة"), ("Aisha", "عائشة"), ("Khadija", "خديجة"), ("Maryam", "مريم"), ("Zainab", "زينب"),
        ("Halima", "حليمة"), ("Amina", "أمينة"), ("Hawa", "حواء"), ("Safia", "صفية"), ("Asha", "عاشة"),
        ("Salma", "سلمى"), ("Nura", "نورة"), ("Sahra", "سارة"), ("Leila", "ليلى"), ("Rahma", "رحمة"),
        ("Habiba", "حبيبة"), ("Samira", "سميرة"), ("Nadia", "نادية"), ("Huda", "هدى"), ("Jamila", "جميلة"),
        ("Karima", "كريمة"), ("Latifa", "لطيفة"), ("Mona", "منى"), ("Rashida", "رشيدة"), ("Sumaya", "سمية"),
    ],
    families: &[
        ("Abdullahi", "عبداللهي"), ("Warsame", "Warsameh"), ("Al-Hassan", "Alhassan"), ("Hashi", "Haashi"),
        ("Nur", "Noor"), ("Jama", "Jamac"), ("Osman", "Usman"), ("Duale", "Dualeh"), ("Elmi", "Cilmi"),
        ("Saleh", "Salih"), ("Mansour", "Mansur"), ("Haddad", "حداد"), ("Khoury", "Khouri"), ("Barre", "Barreh"),
        ("Sheikh", "Shaikh"), ("Abukar", "Abubakar"), ("Tahir", "Taher"), ("Aden", "Adan"), ("Isse", "Ciise"),
        ("Guled", "Guleed"), ("Kassim", "Qasim"), ("Yasin", "Yassin"), ("Ghali", "Gali"), ("Sharif", "Sherif"),
    ],
    patronymic: false,
    double_given: false,
};

const AMHARIC: Culture = Culture {
    men: &[
        ("Abebe", "አበበ"), ("Kebede", "ከበደ"), ("Tesfaye", "ተስፋዬ"), ("Mulugeta", "ሙሉጌታ"), ("Girma", "ግርማ"),
        ("Haile", "ኃይሌ"), ("Tadesse", "ታደሰ"), ("Bekele", "በቀለ"), ("Getachew", "ጌታቸው"), ("Alemu", "አለሙ"),
        ("Dawit", "ዳዊት"), ("Yohannes", "ዮሐንስ"), ("Solomon", "ሰለሞን"), ("Tekle", "ተክለ"), ("Gebre", "ገብረ"),
        ("Lemma", "ለማ"), ("Worku", "ወርቁ"), ("Desta", "ደስታ"), ("Asfaw", "አስፋው"), ("Zewdu", "ዘውዱ"),
        ("Negash", "ነጋሽ"), ("Berhanu", "ብርሃኑ"), ("Fikru", "ፍቅሩ"), ("Eshetu", "እሸቱ"), ("Demissie", "ደምሴ"),
    ],
    women: &[
        ("Almaz", "አልማዝ"), ("Tigist", "ትግስት"), ("Hirut", "ሂሩት"), ("Meseret", "መሰረት"), ("Genet", "ገነት"),
        ("Selam", "ሰላም"), ("Bethlehem", "ቤተልሔም"), ("Aster", "አስቴር"), ("Tsehay", "ፀሐይ"), ("Mulu", "ሙሉ"),
        ("Yeshi", "የሺ"), ("Kidist", "ቅድስት"), ("Abeba", "አበባ"), ("Rahel", "ራሔል"), ("Marta", "ማርታ"),
        ("Zenebech", "ዘነበች"), ("Workinesh", "ወርቅነሽ"), ("Birtukan", "ብርቱካን"), ("Senait", "ሰናይት"), ("Lemlem", "ለምለም"),
    ],
    families: &[("Abebe", "Abbebe"), ("Kebede", "Kebbede"), ("Haile", "Hayle"), ("Wolde", "Welde"), ("Tadesse", "Taddese")],
    patronymic: true,
    double_given: false,
};

const INDIC: Culture = Culture {
    men: &[
        ("Rajesh", "राजेश"), ("Suresh", "सुरेश"), ("Ramesh", "रमेश"), ("Vijay", "विजय"), ("Sanjay", "संजय"),
        ("Anil", "अनिल"), ("Sunil", "सुनील"), ("Mohan", "मोहन"), ("Krishna", "कृष्णा"), ("Ravi", "रवि"),
        ("Manoj", "मनोज"), ("Deepak", "दीपक"), ("Ashok", "अशोक"), ("Ganesh", "गणेश"), ("Prakash", "प्रकाश"),
        ("Arun", "अरुण"), ("Dinesh", "दिनेश"), ("Mahesh", "महेश"), ("Naresh", "नरेश"), ("Gopal", "गोपाल"),
        ("Shankar", "शंकर"), ("Vishnu", "विष्णु"), ("Harish", "हरीश"), ("Kamal", "कमल"), ("Rohit", "रोहित"),
    ],
    women: &[
        ("Sunita", "सुनीता"), ("Anita", "अनीता"), ("Lakshmi", "लक्ष्मी"), ("Priya", "प्रिया"), ("Geeta", "गीता"),
        ("Sita", "सीता"), ("Meena", "मीना"), ("Radha", "राधा"), ("Kavita", "कविता"), ("Savita", "सविता"),
        ("Rekha", "रेखा"), ("Usha", "उषा"), ("Asha", "आशा"), ("Pooja", "पूजा"), ("Kamla", "कमला"),
        ("Parvati", "पार्वती"), ("Shanti", "शांति"), ("Durga", "दुर्गा"), ("Nirmala", "निर्मला"), ("Sarita", "सरिता"),
    ],
    families: &[
        ("Sharma", "शर्मा"), ("Singh", "सिंह"), ("Kumar", "कुमार"), ("Verma", "वर्मा"), ("Gupta", "गुप्ता"),
        ("Yadav", "यादव"), ("Patel", "पटेल"), ("Mishra", "मिश्रा"), ("Chaudhary", "Choudhury"), ("Tiwari", "तिवारी"),
        ("Jha", "झा"), ("Pandey", "पांडे"), ("Reddy", "रेड्डी"), ("Nair", "नायर"), ("Das", "दास"), ("Ghosh", "घोष"),
        ("Thakur", "ठाकुर"), ("Joshi", "जोशी"), ("Rathore", "राठौर"), ("Chauhan", "चौहान"), ("Solanki", "सोलंकी"),
    ],
    patronymic: false,
    double_given: false,
};

const SLAVIC: Culture = Culture {
    men: &[
        ("Alexander", "Александр"), ("Ivan", "Иван"), ("Dmitri", "Дмитрий"), ("Sergei", "Сергей"), ("Andrei", "Андрей"),
        ("Mikhail", "Михаил"), ("Nikolai", "Николай"), ("Vladimir", "Владимир"), ("Pavel", "Павел"), ("Oleg", "Олег"),
        ("Yuri", "Юрий"), ("Igor", "Игорь"), ("Viktor", "Виктор"), ("Roman", "Роман"), ("Bogdan", "Богдан"),
        ("Artem", "Артем"), ("Maksim", "Максим"), ("Anton", "Антон"), ("Boris", "Борис"), ("Konstantin", "Константин"),
    ],
    women: &[
        ("Maria", "Мария"), ("Anna", "Анна"), ("Elena", "Елена"), ("Olga", "Ольга"), ("Natalia", "Наталья"),
        ("Tatiana", "Татьяна"), ("Irina", "Ирина"), ("Svetlana", "Светлана"), ("Ekaterina", "Екатерина"), ("Galina", "Галина"),
        ("Ludmila", "Людмила"), ("Yulia", "Юлия"), ("Vera", "Вера"), ("Nadezhda", "Надежда"), ("Oksana", "Оксана"),
    ],
    families: &[
        ("Ivanov", "Иванов"), ("Petrov", "Петров"), ("Kuznetsov", "Кузнецов"), ("Popov", "Попов"), ("Sokolov", "Соколов"),
        ("Shevchenko", "Шевченко"), ("Kovalenko", "Коваленко"), ("Bondarenko", "Бондаренко"), ("Tkachenko", "Ткаченко"),
        ("Morozov", "Морозов"), ("Volkov", "Волков"), ("Zaitsev", "Зайцев"), ("Kravchenko", "Кравченко"), ("Oliynyk", "Олийник"),
        ("Marchenko", "Марченко"), ("Lysenko", "Лысенко"), ("Romanenko", "Романенко"), ("Melnyk", "Мельник"),
    ],
    patronymic: false,
    double_given: false,
};

const FILIPINO: Culture = Culture {
    men: &[
        ("Jose", "José"), ("Juan", "Juán"), ("Antonio", "Antonyo"), ("Roberto", "Robert"), ("Ricardo", "Rikardo"),
        ("Eduardo", "Edwardo"), ("Mario", "Maryo"), ("Rolando", "Orlando"), ("Fernando", "Ferdinand"), ("Danilo", "Danilo"),
        ("Mark", "Marc"), ("John", "Jon"), ("Michael", "Micheal"), ("Paul", "Pol"), ("Angelo", "Anghelo"), ("Christian", "Kristian"),
        ("Jerome", "Gerome"), ("Carlo", "Karlo"), ("Rey", "Ray"), ("Noel", "Nowel"),
    ],
    women: &[
        ("Maria", "Ma."), ("Ana", "Anna"), ("Rosa", "Roza"), ("Teresa", "Theresa"), ("Carmen", "Karmen"), ("Luz", "Lus"),
        ("Gloria", "Glorya"), ("Cristina", "Kristina"), ("Angelica", "Anjelica"), ("Jennifer", "Jenifer"), ("Michelle", "Michele"),
        ("Grace", "Greys"), ("Joy", "Joi"), ("Lourdes", "Lurdes"), ("Imelda", "Emelda"), ("Marilou", "Marylou"), ("Rowena", "Roweena"),
    ],
    families: &[
        ("dela Cruz", "De La Cruz"), ("Santos", "Santoz"), ("Reyes", "Reyez"), ("Garcia", "Garsia"), ("Bautista", "Bawtista"),
        ("Ramos", "Ramoz"), ("Mendoza", "Mendosa"), ("Flores", "Florez"), ("Villanueva", "Villanoeva"), ("Gonzales", "Gonzalez"),
        ("Aquino", "Akino"), ("Castillo", "Castilio"), ("Rivera", "Ribera"), ("Mercado", "Merkado"), ("Salazar", "Salasar"),
        ("Magsaysay", "Magsaisai"), ("Pangilinan", "Panglinan"), ("Manalo", "Manallo"), ("Dimaculangan", "Dimakulangan"),
    ],
    patronymic: false,
    double_given: true,
};
