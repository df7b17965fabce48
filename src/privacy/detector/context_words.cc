#include <algorithm>
#include <array>
#include <vector>

#include "privacy/detector/patterns.h"

namespace neurolake::privacy {
namespace {

struct Words {
  Entity entity;
  /// Separated by '|'.
  std::string_view list;
};

using enum Entity;

constexpr Words kWords[] = {
    {kCreditCard,
     "credit|card|visa|mastercard|amex|american express|discover|maestro|diners|jcb|debit|pan|"
     "kreditkarte|kartennummer|carte bancaire|carte de credit|tarjeta|carta di credito|cartao|karta|"
     "kreditkort|kredi karti|creditcard|cc number|ccn|payment card"},
    {kCrypto, "wallet|btc|bitcoin|ethereum|eth|crypto|blockchain|address|adresse|direccion|indirizzo"},
    {kIban,
     "iban|bank|account|konto|kontonummer|bankverbindung|compte|cuenta|conto|rekening|conta|rachunek|"
     "tili|bic|swift"},
    {kDateTime, "date|time|datum|zeit|heure|fecha|hora|data|dato|pvm|tarih"},
    {kDateOfBirth,
     "birth|born|dob|birthday|birthdate|geburt|geburtsdatum|geburtstag|geboren|geb|naissance|ne le|"
     "nee le|nacimiento|nacido|nacida|nascita|nato il|nata il|nascimento|nascido|geboorte|geboortedatum|"
     "urodzenia|urodzony|fodelse|fodselsdato|fodt|fodd|syntyma|syntynyt|dogum"},
    {kEmail, "email|e-mail|mail|mailto|courriel|correo|posta|epost|sahkoposti|eposta"},
    {kIp, "ip|ipv4|ipv6|address|host|client|remote|server|addr|adresse|peer|from|source|login"},
    {kMac, "mac|hardware|ethernet|wlan|device|bssid|interface|nic"},
    {kUrl, "url|link|website|site|homepage|web|uri|href"},
    {kUuid, "uuid|guid"},
    {kPhone,
     "phone|telephone|tel|mobile|cell|call|fax|contact|number to reach|telefon|telefonnummer|handy|"
     "mobil|mobilnummer|rufnummer|anrufen|telefono|movil|celular|llamar|portable|appeler|numero de tel|"
     "cellulare|telefone|telemovel|telefoon|bellen|puhelin|puh|telefonnr|mobiltelefon|komorka|gsm|"
     "msisdn|whatsapp|sms|cep"},
    {kPerson,
     "name|customer|patient|contact|employee|client|dear|hello|hi|mr|mrs|ms|dr|herr|frau|kunde|kundin|"
     "mitarbeiter|ansprechpartner|nom|prenom|monsieur|madame|nombre|apellido|senor|senora|cliente|nome|"
     "cognome|signor|signora|naam|mevrouw|meneer|klant|imie|nazwisko|pan|pani|nimi|asiakas|namn|kund|"
     "navn|isim|ad soyad|signed|sincerely|regards|author|manager|assigned|reported by|spoke with|"
     "met with|called|reviewer|doctor|nurse|teacher|first|last|full name|surname|given|holder|user|"
     "person|passenger|guest|member|owner|recipient|sender"},
    {kLocation,
     "city|town|country|lives in|live in|living in|born in|based in|moved to|travel|travelled to|"
     "located|location|from|near|address|stadt|ort|land|wohnt in|wohnort|aus|nach|ville|pays|habite|"
     "ciudad|pais|vive en|citta|paese|vive a|stad|woont in|plaats|cidade|miasto|kraj|kaupunki|by|sehir|"
     "place|visit|visiting|flight to|flew to|office in|destination|region|state|province"},
    {kOrganization,
     "company|corporation|organisation|organization|employer|firm|works at|work at|working for|"
     "employed by|vendor|supplier|firma|unternehmen|arbeitgeber|arbeitet bei|entreprise|societe|empresa|"
     "azienda|societa|bedrijf|yritys|foretag|virksomhed|sirket|bank|university|shares of|ceo of|"
     "customer of"},
    {kNrp,
     "nationality|citizen|religion|ethnic|ethnicity|faith|political|party|member of|community|"
     "staatsangehorigkeit|nationalitat|konfession|partei|nationalite|nacionalidad|nazionalita|"
     "nationaliteit"},
    {kMedicalLicense, "medical|certificate|dea|license|licence|prescriber|registration"},
    {kUsSsn, "social|security|ssn|ssns|ssn#|ss#|ssid|tax id|taxpayer"},
    {kUsItin, "individual|taxpayer|itin|tax|payer|taxid|tin|irs"},
    {kUsPassport, "passport|passport#|travel document|us passport"},
    {kUsDriverLicense, "driver|license|permit|lic|identification|dl#|dl no|dl number|dls|cdls|driving|drivers"},
    {kUsBankNumber, "check|account|account#|acct|bank|save|debit|checking|savings|routing"},
    {kAbaRouting, "aba|routing|abarouting|association|bankrouting|rtn|transit"},
    {kUsNpi, "npi|national provider|provider|physician|nppes"},
    {kUsMbi, "mbi|medicare|beneficiary|cms|hic|hicn"},
    {kUsHealthInsurance,
     "member id|member number|subscriber|insurance|health plan|policy id|policy number|group number|"
     "insured|memberid"},
    {kUsPriorAuthorization,
     "prior authorization|prior auth|preauthorization|pre-auth|authorization number|auth number|"
     "priorauth"},
    {kUsClaim, "claim number|claim no|claim id|claim #|claim#|medical claim|claimnumber"},
    {kUsPrescription, "prescription|rx number|rx no|rx#|rx #|pharmacy|refill"},
    {kUsReferral, "referral|infusion|referring"},
    {kUsProviderTaxId, "provider tax|billing provider|ein|tin|tax id|employer identification"},
    {kCaSin, "sin|social insurance|canada|nas|assurance sociale|canadian"},
    {kCaPostalCode, "postal|code postal|postcode|canada|address|zip"},
    {kMxCurp, "curp|clave unica|registro de poblacion|mexico"},
    {kMxRfc, "rfc|registro federal|contribuyente|sat|mexico"},
    {kBrCpf, "cpf|cadastro de pessoa|pessoa fisica|contribuinte|brasil"},
    {kBrCnpj, "cnpj|cadastro nacional|pessoa juridica|empresa|brasil"},
    {kUkNhs, "nhs|national health|health service|health services authority|health authority|patient|nhs number"},
    {kUkNino, "national insurance|ni number|nino|ni no|nin"},
    {kUkPassport, "passport|travel document|hmpo|uk passport|british passport"},
    {kUkPostcode, "postcode|post code|postal|address|zip"},
    {kUkDrivingLicence, "driving|licence|license|dvla|driver number"},
    {kUkVehicle, "vehicle|registration|number plate|licence plate|license plate|car reg|reg no|vrn|dvla"},
    {kIePps, "pps|ppsn|personal public service|pps number|uimhir|ireland|irish"},
    {kDeTaxId,
     "steuer-id|steuerid|steuer id|steueridentifikationsnummer|steuerliche identifikationsnummer|"
     "identifikationsnummer|idnr|tin|tax id|steuer-idnr"},
    {kDeTaxNumber, "steuernummer|steuer-nr|steuernr|st.-nr|stnr|tax number|finanzamt"},
    {kDeVatId, "ust-id|ustid|ust-idnr|umsatzsteuer|vat|mwst|uid"},
    {kDeIdCard, "personalausweis|ausweis|ausweisnummer|identity card|id card|perso|ausweisnr|personalausweisnummer"},
    {kDePassport, "reisepass|pass|passnummer|passport|reisepassnummer|passnr"},
    {kDeSocialSecurity,
     "rentenversicherung|rentenversicherungsnummer|sozialversicherungsnummer|sozialversicherung|rvnr|"
     "svnr|sv-nummer|versicherungsnummer"},
    {kDeHealthInsurance,
     "krankenversicherung|krankenversichertennummer|kvnr|versichertennummer|krankenkasse|gkv|egk|"
     "krankenversicherungsnummer"},
    {kDeLanr, "lanr|arztnummer|lebenslange arztnummer|vertragsarzt|arzt-nr"},
    {kDeBsnr, "bsnr|betriebsstattennummer|betriebsstatte|betriebsstaettennummer|praxis"},
    {kDeDriverLicense, "fuhrerschein|fuhrerscheinnummer|fuehrerschein|fahrerlaubnis|driving licence"},
    {kDeVehicle,
     "kennzeichen|kfz|kfz-kennzeichen|autokennzeichen|fahrzeug|nummernschild|amtliches kennzeichen|"
     "license plate|number plate"},
    {kDeCommercialRegister, "handelsregister|amtsgericht|registergericht|hrb|hra|registernummer"},
    {kDePostcode, "plz|postleitzahl|wohnort|anschrift|ort|postcode|zip"},
    {kAtSvnr,
     "svnr|sv-nummer|sozialversicherungsnummer|sozialversicherung|versicherungsnummer|e-card|vsnr|ssvn|"
     "osterreich"},
    {kChAhv,
     "ahv|avs|ahv-nummer|ahv-nr|navs|sozialversicherungsnummer|numero avs|schweiz|suisse|"
     "versichertennummer"},
    {kFrNir, "nir|securite sociale|numero de securite|n° ss|secu|insee|assure|carte vitale|social security"},
    {kFrSiren, "siren|sirene|rcs|insee|entreprise|numero siren"},
    {kFrSiret, "siret|etablissement|insee|entreprise|numero siret"},
    {kNlBsn, "bsn|burgerservicenummer|burger service nummer|sofinummer|sofi|sofi-nummer|persoonsnummer"},
    {kBeNrn,
     "rijksregister|rijksregisternummer|registre national|numero national|nrn|niss|insz|"
     "nationaal nummer|national number|nn"},
    {kPtNif, "nif|contribuinte|identificacao fiscal|numero fiscal|nipc|portugal"},
    {kPtCc, "cartao de cidadao|cartao cidadao|cc|bilhete de identidade|documento de identificacao|citizen card"},
    {kEsNif, "nif|dni|documento nacional|identificacion|identidad|documento"},
    {kEsNie, "nie|identidad de extranjero|extranjero|numero de identificacion|numero de identidad"},
    {kEsPassport, "pasaporte|passport|documento de viaje"},
    {kItFiscalCode, "codice fiscale|cod fiscale|cf|fiscal code|cod. fisc"},
    {kItVatCode, "partita iva|p.iva|piva|p. iva|iva|vat"},
    {kItDriverLicense, "patente|patente di guida|patente b|guida|licenza|driving"},
    {kItPassport, "passaporto|passport|documento di viaggio"},
    {kItIdentityCard, "carta d'identita|carta di identita|carta identita|identity card|cie|documento"},
    {kPlPesel, "pesel|numer pesel|nr pesel|ewidencji ludnosci"},
    {kFiPersonalId, "hetu|henkilotunnus|personbeteckning|personal identity code|sotu|tunnus"},
    {kSePersonnummer, "personnummer|personnr|pnr|samordningsnummer|personal identity number|person-nr|fodelsenummer"},
    {kSeOrganisation, "organisationsnummer|orgnr|org.nr|org nr|organization number|foretag"},
    {kDkCpr, "cpr|cpr-nummer|cpr-nr|cprnr|personnummer|cpr number"},
    {kNoFodselsnummer, "fodselsnummer|fodselsnr|fnr|personnummer|d-nummer|personnr|national identity"},
    {kTrNationalId, "tc kimlik|t.c. kimlik|kimlik|kimlik no|tckn|tc no|nufus|vatandas"},
    {kTrPlate, "plaka|plaka no|arac|ruhsat|tescil|license plate"},
    {kSgNric, "nric|fin|singapore|nric/fin|identity card|fin#|nric#"},
    {kSgUen, "uen|unique entity|business registration|acra|singapore"},
    {kAuAbn, "abn|australian business number|business number"},
    {kAuAcn, "acn|australian company number|company number"},
    {kAuTfn, "tfn|tax file number|australian tax|tax file"},
    {kAuMedicare, "medicare|medicare card|medicare number"},
    {kInPan, "pan|permanent account|income tax|pan card|pan no|pan number"},
    {kInAadhaar, "aadhaar|aadhar|uidai|uid|adhaar|adhar"},
    {kInVehicle, "vehicle|registration|rto|plate|car|bike|rc|number plate|vehicle number"},
    {kInVoter, "voter|epic|elector|election|voter id|electoral"},
    {kInPassport, "passport|indian passport|travel document"},
    {kInGstin, "gstin|gst|goods and services|gst number"},
    {kJpMyNumber, "my number|mynumber|kojin bango|kojinbango|individual number|マイナンバー|個人番号"},
    {kKrRrn, "rrn|resident registration|korean rrn|주민등록번호|주민번호|jumin"},
    {kKrFrn, "frn|foreigner registration|alien registration|외국인등록번호|외국인"},
    {kKrBrn, "brn|business registration|사업자등록번호|사업자번호|사업자"},
    {kKrDriverLicense, "운전면허|운전면허번호|면허번호|driver license|driving"},
    {kKrPassport, "passport|여권|여권번호|korean passport"},
    {kThTnin,
     "thai national id|tnin|thai id|national id|บัตรประชาชน|"
     "เลขประจำตัวประชาชน|เลขบัตรประชาชน|"
     "หมายเลขประจำตัว|pin"},
    {kPhTin, "tin|bir|taxpayer|tax identification|philippines"},
    {kPhUmid, "umid|crn|sss|gsis|unified multi-purpose|common reference"},
    {kPhPassport, "passport|philippine passport|dfa|pasaporte"},
    {kZaId,
     "id number|identity number|south african id|rsa id|sa id|id no|identity document|identiteitsnommer|"
     "said"},
    {kZaPassport, "passport|paspoort|south african passport|travel document"},
    {kZaDriverLicense, "driver|driving licence|driving license|licence number|rybewys|licence card"},
    {kZaPlate, "plate|number plate|licence plate|registration|vehicle|voertuig"},
    {kZaTrafficRegister, "traffic register|trn|natis|enatis"},
    {kZaIncomeTax, "income tax|tax reference|tax number|sars|itr"},
    {kZaVat, "vat|vat number|vat no|btw|sars"},
    {kZaCompany, "company registration|cipc|registration number|company number|reg no|ck number"},
    {kZaMobile, "mobile|cell|phone|whatsapp|selfoon|contact|tel"},
    {kZaTelephone, "landline|telephone|phone|tel|foon|telefoon|kantoor"},
    {kNgNin, "nin|national identification|nimc|national identity|nigeria"},
    {kNgVehicle, "plate|vehicle|registration|number plate|frsc|license plate"},
    {kAwsAccessKey, "aws|access key|amazon|aws_access_key_id"},
    {kAwsSecretKey, "aws|secret access key|secret_access_key|secretaccesskey|aws_secret|secret key"},
    {kGcpApiKey, "google|gcp|api key|maps|firebase"},
    {kAzureKey, "azure|accountkey|storage key|sas"},
    {kGithubToken, "github|gh token|token"},
    {kGitlabToken, "gitlab|token"},
    {kSlackToken, "slack|token|webhook"},
    {kStripeKey, "stripe|secret key|api key"},
    {kJwt, "jwt|bearer|token|authorization|session"},
    {kPrivateKey, "private key|key|pem|rsa"},
    {kConnectionString, "connection|dsn|database url|conn string|jdbc|database_url|connectionstring"},
    {kAccessToken, "token|api key|access token|api_key"},
    {kHighEntropySecret,
     "password|passwd|pwd|passwort|secret|token|api key|apikey|api_key|access key|auth key|"
     "client secret|credential|private key|contrasena|mot de passe|senha|wachtwoord|haslo|salasana|"
     "losenord|adgangskode|passord|sifre"},
};

}  // namespace

std::span<const std::string_view> ContextWords(Entity entity) {
  static const auto kByEntity = [] {
    std::array<std::vector<std::string_view>, kEntityCount> by_entity;
    for (const Words& words : kWords) {
      auto& mine = by_entity[static_cast<size_t>(words.entity)];
      for (size_t from = 0; from <= words.list.size();) {
        const size_t bar = std::min(words.list.find('|', from), words.list.size());
        mine.push_back(words.list.substr(from, bar - from));
        from = bar + 1;
      }
    }
    return by_entity;
  }();
  return kByEntity[static_cast<size_t>(entity)];
}

}  // namespace neurolake::privacy
