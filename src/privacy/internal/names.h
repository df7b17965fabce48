#pragma once
#include <array>
#include <string_view>

namespace neurolake::privacy::internal {

// Common given and family names of many countries, and towns that are made up. Their order and number decide which
// pseudonym a value has: an addition changes pseudonyms that were shown, so it comes with a release note.
inline constexpr std::array<std::string_view, 180> kGivenNames = {
    "Ada",      "Adam",    "Agnes",   "Aisha",   "Alan",   "Albert", "Alice",  "Alma",    "Amara",   "Amir",
    "Ana",      "Anders",  "Andre",   "Anita",   "Anton",  "Arda",   "Arthur", "Astrid",  "Aya",     "Basil",
    "Beatrice", "Bela",    "Bernard", "Bianca",  "Björn",  "Boris",  "Bruno",  "Camille", "Carla",   "Carlos",
    "Cecilia",  "Chen",    "Chiara",  "Clara",   "Conrad", "Cora",   "Cyrus",  "Dagmar",  "Dalia",   "Daniel",
    "Daria",    "David",   "Delia",   "Diego",   "Dina",   "Dora",   "Edgar",  "Edith",   "Eduardo", "Elena",
    "Elias",    "Elif",    "Elisa",   "Emil",    "Emma",   "Enzo",   "Erika",  "Ernst",   "Esra",    "Esther",
    "Eva",      "Fabian",  "Fatima",  "Felix",   "Fiona",  "Flora",  "Frank",  "Frida",   "Gabriel", "Gemma",
    "Georg",    "Gina",    "Giulia",  "Grace",   "Greta",  "Gustav", "Hana",   "Hannah",  "Harald",  "Hassan",
    "Hector",   "Helena",  "Hugo",    "Ibrahim", "Ida",    "Ilse",   "Imani",  "Ines",    "Ingrid",  "Irene",
    "Iris",     "Isaac",   "Ivan",    "Jacob",   "Jana",   "Jasper", "Jin",    "Joana",   "Johan",   "Jonas",
    "Jorge",    "Josefa",  "Judith",  "Julia",   "Kaito",  "Karim",  "Karin",  "Kaya",    "Keiko",   "Kofi",
    "Lara",     "Lars",    "Laura",   "Lea",     "Leila",  "Leon",   "Lena",   "Liam",    "Lina",    "Linus",
    "Lola",     "Lorenzo", "Louis",   "Lucia",   "Lydia",  "Magda",  "Malik",  "Mara",    "Marco",   "Maria",
    "Martin",   "Mateo",   "Maya",    "Mila",    "Milan",  "Mina",   "Mohan",  "Nadia",   "Naomi",   "Nora",
    "Olaf",     "Olga",    "Omar",    "Oscar",   "Otto",   "Pablo",  "Paula",  "Pavel",   "Petra",   "Pia",
    "Priya",    "Rafael",  "Rania",   "Remy",    "Rosa",   "Ruben",  "Ruth",   "Sami",    "Samuel",  "Sara",
    "Selma",    "Sofia",   "Stefan",  "Sven",    "Tariq",  "Tea",    "Theo",   "Tomas",   "Uma",     "Ursula",
    "Vera",     "Viktor",  "Wanda",   "Wei",     "Yara",   "Yuki",   "Yusuf",  "Zara",    "Zeno",    "Zoe"};
inline constexpr std::array<std::string_view, 200> kFamilyNames = {
    "Abbott",   "Acosta",  "Adler",    "Ahmed",   "Albrecht",  "Alvarez",   "Amari",    "Andersen", "Aoki",
    "Archer",   "Arnold",  "Ashby",    "Bailey",  "Baker",     "Barros",    "Bauer",    "Becker",   "Bell",
    "Benali",   "Berg",    "Bianchi",  "Bishop",  "Blake",     "Bloom",     "Bond",     "Bosch",    "Boyd",
    "Brandt",   "Bravo",   "Brooks",   "Bruun",   "Byrne",     "Cabral",    "Campos",   "Cardoso",  "Carlsen",
    "Carver",   "Castro",  "Chandra",  "Chapman", "Clarke",    "Cohen",     "Colombo",  "Conti",    "Cooper",
    "Costa",    "Cruz",    "Dalton",   "Danso",   "Daube",     "Dawson",    "Decker",   "Delgado",  "Diallo",
    "Dietz",    "Dixon",   "Dubois",   "Duarte",  "Ebert",     "Eklund",    "Ellis",    "Engel",    "Esposito",
    "Evans",    "Falk",    "Farouk",   "Ferrari", "Fischer",   "Fleming",   "Fontaine", "Forster",  "Fournier",
    "Franke",   "Fuentes", "Fujita",   "Gallo",   "Garcia",    "Garnier",   "Gibson",   "Gomes",    "Graf",
    "Greco",    "Gruber",  "Guerra",   "Haas",    "Haddad",    "Hansen",    "Harper",   "Hartmann", "Hayashi",
    "Heller",   "Herrera", "Hoffmann", "Holm",    "Horvat",    "Huber",     "Ibarra",   "Ikeda",    "Ivanov",
    "Jansen",   "Jensen",  "Joshi",    "Kaiser",  "Kamau",     "Kaplan",    "Karlsen",  "Keller",   "Khan",
    "Kim",      "Klein",   "Koch",     "Kovacs",  "Kowalski",  "Kramer",    "Krause",   "Kumar",    "Lambert",
    "Lang",     "Larsen",  "Laurent",  "Lehmann", "Lenz",      "Leone",     "Lindberg", "Lopez",    "Lund",
    "Madsen",   "Maier",   "Malik",    "Mancini", "Marchetti", "Marin",     "Martins",  "Mason",    "Mbeki",
    "Medina",   "Mendes",  "Meyer",    "Molina",  "Moreau",    "Mori",      "Moser",    "Mueller",  "Nakamura",
    "Navarro",  "Neumann", "Nguyen",   "Nielsen", "Novak",     "Nowak",     "Oliveira", "Olsen",    "Ortega",
    "Osman",    "Otero",   "Palmer",   "Park",    "Pereira",   "Peters",    "Petrov",   "Popescu",  "Quist",
    "Ramos",    "Rao",     "Reyes",    "Richter", "Ricci",     "Rivera",    "Romano",   "Rossi",    "Roth",
    "Rousseau", "Saito",   "Santos",   "Sato",    "Schmid",    "Schneider", "Schulz",   "Silva",    "Singh",
    "Soler",    "Sommer",  "Suzuki",   "Takeda",  "Tanaka",    "Torres",    "Ueda",     "Vargas",   "Vidal",
    "Vogel",    "Wagner",  "Walker",   "Weber",   "Winter",    "Wolf",      "Yamada",   "Yilmaz",   "Young",
    "Zamora",   "Zimmer"};
inline constexpr std::array<std::string_view, 76> kCities = {
    "Aldenford",   "Amberley",    "Ashmere",    "Bannock",      "Barrowick", "Beckford",    "Belmora",
    "Birchwood",   "Blackmoor",   "Bramford",   "Brightwater",  "Calder",    "Cedarholm",   "Clearbrook",
    "Coldstream",  "Copperfield", "Cresthaven", "Dalemoor",     "Deepwell",  "Dunmarsh",    "Eastmere",
    "Elmstead",    "Fairhaven",   "Fallbrook",  "Fernhill",     "Foxdale",   "Glenwick",    "Goldcrest",
    "Graymoor",    "Greenhollow", "Halewood",   "Harrowgate",   "Hazelmere", "Heatherton",  "Highford",
    "Hollowbrook", "Ironbridge",  "Juniper",    "Kingsmere",    "Lakehurst", "Larkspur",    "Lindenau",
    "Longmarsh",   "Maplewick",   "Marlow",     "Meadowell",    "Millhaven", "Mossford",    "Netherby",
    "Northmere",   "Oakhollow",   "Orchard",    "Pinecrest",    "Quarryton", "Ravensford",  "Redwater",
    "Riverbend",   "Rosemoor",    "Saltmarsh",  "Silverdale",   "Southwick", "Stonebridge", "Summerfield",
    "Thornbury",   "Umberfield",  "Valebrook",  "Violetta",     "Waterford", "Westmere",    "Whitcombe",
    "Wildmoor",    "Willowbrook", "Windham",    "Winterbourne", "Woodhurst", "Yarrow"};

}  // namespace neurolake::privacy::internal
