#pragma once
#include <string_view>
#include <vector>

namespace neurolake::ask::testing {

/// A question that the grammar was not made with: it is only reported on.
struct HeldOut {
  bool flights;
  std::string_view question;
  std::string_view same_as;  ///< A plain question with the same answer; empty: to be refused or asked back.
};

inline const std::vector<HeldOut>& HeldOutQuestions() {
  static const std::vector<HeldOut> kQuestions{
      {false, "what did we turn over in Germany during February", "revenue in Germany in February 2024"},
      {false, "how much revenue came in yesterday", "revenue yesterday"},
      {false, "can you give me sales split by country and month for 2023", "revenue by country and month in 2023"},
      {false, "our 10 biggest customers by sales this year", "top 10 customers by revenue this year"},
      {false, "name the three countries with the most orders", "top 3 countries by orders"},
      {false, "orders per week since January 2024", "orders by week since January 2024"},
      {false, "quarterly revenue for fiscal year 2023", "revenue by quarter in FY2023"},
      {false, "number of clients in each city", "number of customers by city"},
      {false, "which brand sold the fewest units in 2023", "which brand has the fewest units in 2023"},
      {false, "revenue excluding France by channel", "revenue by channel not in France"},
      {false, "what's the AOV by segment", "average order value by segment"},
      {false, "median discount per channel", "median discount by channel"},
      {false, "customers that haven't ordered anything in the last 90 days",
       "list customers without orders in the last 90 days"},
      {false, "how many buyers placed more than 3 orders", "how many customers with more than 3 orders"},
      {false, "revenue last week versus the week before", "revenue last week vs the previous week"},
      {false, "Feb 2024 sales against Feb 2023", "revenue in February 2024 vs February 2023"},
      {false, "growth of orders month over month in 2023", "month over month growth of orders in 2023"},
      {false, "share of revenue by category", ""},
      {false, "share of units by category", "share of units by category"},
      {false, "running total of orders by day this month", "cumulative orders by day this month"},
      {false, "seven day moving average of revenue", "7 day moving average of revenue"},
      {false, "show me all customers from Munich, but hide personal data", "list customers in Munich without pii"},
      {false, "did anyone order yesterday", ""},
      {false, "are there any orders from Italy today", "are there any orders in Italy today"},
      {false, "what does return rate mean", "define return rate"},
      {false, "why are sales down", ""},
      {false, "predict revenue for next quarter", ""},
      {false, "is Germany a good market", ""},
      {false, "revenue by weather", ""},
      {false, "profit by country", ""},
      {false, "orders not yet delivered", ""},
      {false, "sales of red shoes", ""},
      {false, "customers who only bought Tea", ""},
      {false, "average revenue per month", ""},
      {false, "revenue around Easter", ""},
      {false, "sales in Germany and orders in France", ""},
      {false, "top customers", ""},
      {false, "revenue excluding orders over 500", ""},
      {false, "who is our best sales rep", ""},
      {false, "revenue roughly last month", ""},
      {true, "how many flights left JFK in May", "flights with origin JFK in May 2013"},
      {true, "mean arrival delay for each airline", "average arrival delay by airline"},
      {true, "flights to LAX on Mondays", "flights with destination LAX on Mondays"},
      {true, "worst carriers by arrival delay", ""},
      {true, "the carrier with the second highest departure delay",
       "which carrier has the second highest departure delay"},
      {true, "number of cancelled flights per month in 2013", "cancelled flights by month in 2013"},
      {true, "what share of flights is operated by each carrier", "share of flights by carrier"},
      {true, "flights longer than 2,000 miles by carrier", "flights with distance over 2000 by carrier"},
      {true, "avg arr delay of Boeing planes", ""},
      {true, "arrival delay for planes made by Airbus", "average arrival delay for Airbus"},
      {true, "flights between JFK and LAX", ""},
      {true, "p90 of distance by origin", "90th percentile of distance by origin"},
      {true, "departure delay on weekends vs weekdays", ""},
      {true, "compare JetBlue and Delta by flights", ""},
      {true, "which 3 destinations got the most flights last month", "top 3 destinations by flights last month"},
      {true, "flights in week 53", ""},
      {true, "flights on 2013-02-30", ""},
      {true, "delays by pilot", ""},
      {true, "JFK flights", ""},
      {true, "how often did UA fly in April 2013", ""}};
  return kQuestions;
}

}  // namespace neurolake::ask::testing
