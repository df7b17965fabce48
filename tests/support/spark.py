"""Spark with Delta's own connector, as scripts/bootstrap.sh --slow lays it out in the cache. One session per process: a
start costs ten seconds and two gigabytes."""
import os
import pathlib
import sys
import tempfile


def home():
    cache = os.environ.get("NEUROLAKE_CACHE") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "neurolake")
    return pathlib.Path(cache) / "spark"


def session():
    root = home()
    if not root.is_dir():
        raise RuntimeError(f"Spark is not in {root}: run scripts/bootstrap.sh --slow")
    sys.path[:0] = [str(root), str(next((root / "lib").glob("py4j-*-src.zip")))]
    os.environ["SPARK_HOME"] = str(root / "deps")
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    os.environ["PYSPARK_PYTHON"] = sys.executable
    from pyspark.sql import SparkSession
    folder = tempfile.mkdtemp(prefix="neurolake-spark-")
    logging = pathlib.Path(folder) / "log4j2.properties"
    logging.write_text("rootLogger.level = fatal\nrootLogger.appenderRef.c.ref = c\nappender.c.type = Console\n"
                       "appender.c.name = c\nappender.c.target = SYSTEM_ERR\nappender.c.layout.type = PatternLayout\n"
                       "appender.c.layout.pattern = %d %p %c: %m%n\n")
    settings = {
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.memory": "2g",
        "spark.driver.extraJavaOptions": f"-Duser.timezone=UTC -Dlog4j2.configurationFile={logging} "
                                         f"-Dderby.system.home={folder}",
        "spark.sql.warehouse.dir": folder + "/warehouse",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "2",
        "spark.default.parallelism": "2",
        "spark.databricks.delta.snapshotPartitions": "2",
        # VACUUM and log clean-up of tables that are seconds old are what the tests want to see.
        "spark.databricks.delta.retentionDurationCheck.enabled": "false",
    }
    builder = SparkSession.builder.master("local[2]").appName("neurolake-conformance")
    for name, value in settings.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()
