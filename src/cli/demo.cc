#include "cli/demo.h"

#include <cstdlib>
#include <ostream>

#include "cli/copy_into.h"
#include "cli/lineage.h"

namespace neurolake::cli {
namespace {

constexpr const char* kTables[] = {"airlines", "airports", "planes", "weather", "flights"};

constexpr const char* kSilverFlights = R"(PROMOTE FROM bronze.flights INTO silver.flights
AS SELECT make_date(CAST(year AS BIGINT), CAST(month AS BIGINT), CAST(day AS BIGINT)) AS flight_date,
       CAST(hour AS INTEGER) AS scheduled_hour,
       carrier, CAST(flight AS INTEGER) AS flight_number,
       NULLIF(tailnum, 'NA') AS tail_number, origin, dest AS destination,
       TRY_CAST(dep_delay AS INTEGER) AS departure_delay_minutes,
       TRY_CAST(arr_delay AS INTEGER) AS arrival_delay_minutes,
       CAST(distance AS INTEGER) AS distance_miles,
       TRY_CAST(dep_time AS INTEGER) IS NULL AS cancelled, _loaded_at, _load_id
FROM source)";

constexpr const char* kSilverWeather = R"(PROMOTE FROM bronze.weather INTO silver.weather
AS SELECT make_date(CAST(year AS BIGINT), CAST(month AS BIGINT), CAST(day AS BIGINT)) AS weather_date,
       CAST(hour AS INTEGER) AS hour, origin,
       TRY_CAST(precip AS DOUBLE) AS precipitation_inches,
       TRY_CAST(visib AS DOUBLE) AS visibility_miles, _loaded_at, _load_id
FROM source)";

constexpr const char* kSilverAirports = R"(PROMOTE FROM bronze.airports INTO silver.airports KEY (code)
AS SELECT faa AS code, name, CAST(lat AS DOUBLE) AS latitude, CAST(lon AS DOUBLE) AS longitude, _loaded_at, _load_id
FROM source)";

constexpr const char* kGoldCarriers = R"(PROMOTE FROM silver.flights INTO gold.carriers REPLACE
AS SELECT a.carrier, a.name AS airline, count(*) AS flights,
       count(*) FILTER (WHERE f.cancelled) AS cancelled,
       round(avg(f.arrival_delay_minutes), 1) AS mean_arrival_delay
FROM source AS f JOIN bronze.airlines AS a ON a.carrier = f.carrier
GROUP BY a.carrier, a.name)";

constexpr const char* kGoldRoutes = R"(PROMOTE FROM silver.flights INTO gold.routes REPLACE
AS SELECT origin, destination, count(*) AS flights, round(avg(departure_delay_minutes), 1) AS mean_departure_delay
FROM source GROUP BY origin, destination)";

constexpr const char* kAskCarriers = R"(SELECT airline, flights, cancelled, mean_arrival_delay
FROM gold.carriers ORDER BY mean_arrival_delay LIMIT 5)";

constexpr const char* kAskRoutes = R"(SELECT r.origin, a.name AS destination, r.flights, r.mean_departure_delay
FROM gold.routes AS r JOIN silver.airports AS a ON a.code = r.destination
ORDER BY r.flights DESC LIMIT 5)";

constexpr const char* kAskRain = R"(SELECT w.precipitation_inches > 0 AS rain, count(*) AS flights,
       round(avg(f.departure_delay_minutes), 1) AS mean_departure_delay
FROM silver.flights AS f
JOIN silver.weather AS w ON w.weather_date = f.flight_date AND w.hour = f.scheduled_hour AND w.origin = f.origin
WHERE w.precipitation_inches IS NOT NULL GROUP BY ALL ORDER BY rain)";

constexpr const char* kQualityGate = R"(CREATE OR REPLACE EXPECTATION plausible_delay ON gold.carriers
EXPECT mean_arrival_delay BETWEEN -60 AND 600 ON VIOLATION QUARANTINE)";

constexpr const char* kCorrections = R"(MERGE INTO gold.carriers AS t
USING (VALUES ('US', 'American Airlines', 20536, 663, 2.1),
              ('NK', 'Spirit Air Lines', 12, 0, 4.5),
              ('G4', 'Allegiant Air', 3, 0, 99999.0)) AS s(carrier, airline, flights, cancelled, mean_arrival_delay)
ON t.carrier = s.carrier
WHEN MATCHED THEN UPDATE SET airline = s.airline
WHEN NOT MATCHED THEN INSERT *)";

constexpr const char* kSetAside = R"(SELECT expectations, row_data ->> 'carrier' AS carrier,
       row_data ->> 'mean_arrival_delay' AS mean_arrival_delay
FROM gold.carriers_quarantine ORDER BY quarantined_at DESC LIMIT 1)";

class Demo {
 public:
  Demo(const DemoArguments& arguments, StatementRunner& runner)
      : arguments_(arguments), runner_(runner), out_(runner.console().out) {}

  int Run() {
    for (const auto step : {&Demo::Bronze, &Demo::Silver, &Demo::Gold, &Demo::Questions, &Demo::TimeTravel,
                            &Demo::Quality, &Demo::Upkeep, &Demo::Trial, &Demo::Lineage, &Demo::Denial}) {
      if (const int code = (this->*step)(); code != kExitOk) return code;
    }
    out_ << "\nDone, on " << runner_.client().description() << ".\n";
    if (!arguments_.address.empty()) out_ << "The server answers at " << arguments_.address << "\n";
    out_.flush();
    return kExitOk;
  }

 private:
  void Title(std::string_view text) { out_ << "\n── " << text << " ──\n" << std::flush; }

  int Show(const std::string& sql) {
    out_ << "\n" << sql << ";\n" << std::flush;
    return runner_.RunAndReport(sql);
  }

  /// For rows of a dozen columns: one below the other they can be read.
  int ShowExpanded(const std::string& sql) {
    runner_.options().expanded = true;
    const int code = Show(sql);
    runner_.options().expanded = false;
    return code;
  }

  int ShowAll(std::initializer_list<std::string> statements) {
    for (const std::string& sql : statements) {
      if (const int code = Show(sql); code != kExitOk) return code;
    }
    return kExitOk;
  }

  int Bronze() {
    Title("Bronze: the files as they are");
    const int made = ShowAll({"CREATE SCHEMA IF NOT EXISTS bronze", "CREATE SCHEMA IF NOT EXISTS silver",
                              "CREATE SCHEMA IF NOT EXISTS gold"});
    if (made != kExitOk) return made;
    const std::string directory =
        arguments_.data_directory.empty() ? DefaultDemoDirectory() : arguments_.data_directory;
    for (const std::string table : kTables) {
      const auto path = runner_.client().Offer({}, directory + "/" + table + ".csv");
      if (!path) return runner_.Report(path.error());
      IngestArguments ingest;
      ingest.into = "bronze." + table;
      ingest.file_format = "csv";
      const auto sql = ComposeCopyInto(ingest, {*path}, "", CopyMode::kLoad);
      if (!sql) return runner_.Report(sql.error());
      const int code = ShowExpanded(*sql);
      runner_.client().Withdraw(*path);
      if (code != kExitOk) return code;
    }
    return kExitOk;
  }

  int Silver() {
    Title("Silver: cleaned and typed");
    return ShowAll({kSilverFlights, kSilverWeather, kSilverAirports});
  }

  int Gold() {
    Title("Gold: what people ask for");
    return ShowAll({kGoldCarriers, kGoldRoutes});
  }

  int Questions() {
    Title("Three questions");
    return ShowAll({kAskCarriers, kAskRoutes, kAskRain});
  }

  int TimeTravel() {
    Title("An update, and the table before and after");
    const auto before = NewestVersion();
    if (!before) return runner_.Report(before.error());
    const int code =
        ShowAll({"UPDATE gold.carriers SET airline = 'US Airways' WHERE carrier = 'US'",
                 "SELECT carrier, airline FROM gold.carriers VERSION AS OF " + *before + " WHERE carrier = 'US'",
                 "SELECT carrier, airline FROM gold.carriers WHERE carrier = 'US'"});
    if (code != kExitOk) return code;
    return ShowExpanded("DESCRIBE HISTORY gold.carriers");
  }

  int Quality() {
    Title("A gate for quality: corrections are merged, and a row that cannot be true is set aside");
    return ShowAll(
        {kQualityGate, kCorrections,
         "SELECT carrier, airline, mean_arrival_delay FROM gold.carriers WHERE carrier IN ('US', 'NK', 'G4')",
         kSetAside});
  }

  int Upkeep() {
    Title("Looked after: small files made one, a mistake taken back, a dropped table had again");
    const auto good = NewestVersion();
    if (!good) return runner_.Report(good.error());
    int code =
        ShowAll({"DELETE FROM gold.carriers WHERE flights < 10000", "SELECT count(*) AS carriers FROM gold.carriers"});
    if (code != kExitOk) return code;
    code = ShowExpanded("RESTORE TABLE gold.carriers TO VERSION AS OF " + *good);
    if (code != kExitOk) return code;
    code = Show("SELECT count(*) AS carriers FROM gold.carriers");
    if (code != kExitOk) return code;
    code = ShowExpanded("OPTIMIZE gold.carriers");
    if (code != kExitOk) return code;
    return ShowAll(
        {"DROP TABLE gold.routes", "UNDROP TABLE gold.routes", "SELECT count(*) AS routes FROM gold.routes"});
  }

  int Trial() {
    Title("Tried out on a clone that copies no data, and what it did, row by row; what VACUUM would delete");
    return ShowAll({"DROP TABLE IF EXISTS gold.trial", "CREATE TABLE gold.trial SHALLOW CLONE gold.carriers",
                    "ALTER TABLE gold.trial SET TBLPROPERTIES ('delta.enableChangeDataFeed' = 'true')",
                    "DELETE FROM gold.trial WHERE flights < 1000",
                    "SELECT carrier, flights, _change_type FROM table_changes('gold.trial', 2) ORDER BY carrier",
                    "VACUUM gold.carriers DRY RUN"});
  }

  int Lineage() {
    Title("Where it comes from");
    out_ << "\nneurolake lineage gold.carriers --direction up\n" << std::flush;
    LineageArguments lineage;
    lineage.table = "gold.carriers";
    lineage.direction = "up";
    return RunLineage(lineage, runner_);
  }

  int Denial() {
    Title("A statement that is denied");
    const std::string sql = "SELECT * FROM read_csv('/etc/passwd')";
    out_ << "\n" << sql << ";\n" << std::flush;
    const auto result = runner_.Run(sql);
    if (result) {
      return runner_.Report(Error(ErrorCode::kInternal, "a statement that reads the server's files was not denied"));
    }
    const int code = runner_.Report(result.error(), {.sql = sql});
    if (result.error().code() == ErrorCode::kPermissionDenied) return kExitOk;
    return code == kExitOk ? kExitFailed : code;
  }

  Result<std::string> NewestVersion() {
    NL_ASSIGN_OR_RETURN(const auto history, runner_.Collect("DESCRIBE HISTORY gold.carriers LIMIT 1", 1));
    if (history.empty()) {
      return MakeError(ErrorCode::kInternal, "the history of gold.carriers is empty");
    }
    return history.front().front();
  }

  const DemoArguments& arguments_;
  StatementRunner& runner_;
  std::ostream& out_;
};

}  // namespace

std::string DefaultDemoDirectory() {
  if (const char* data = std::getenv("NEUROLAKE_DATA"); data != nullptr && *data != '\0') return data;
  std::filesystem::path cache;
  if (const char* own = std::getenv("NEUROLAKE_CACHE"); own != nullptr && *own != '\0') {
    cache = own;
  } else if (const char* shared = std::getenv("XDG_CACHE_HOME"); shared != nullptr && *shared != '\0') {
    cache = std::filesystem::path(shared) / "neurolake";
  } else if (const char* home = std::getenv("HOME"); home != nullptr) {
    cache = std::filesystem::path(home) / ".cache" / "neurolake";
  }
  return (cache / "nycflights13").string();
}

int RunDemo(const DemoArguments& demo, StatementRunner& runner) { return Demo(demo, runner).Run(); }

}  // namespace neurolake::cli
