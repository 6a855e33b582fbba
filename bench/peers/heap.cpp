// Dijkstra's algorithm with std::priority_queue on grids with costs on cells, 8 neighbours, one core.
// Arguments: batch height width budget-milliseconds. Prints {"times": [milliseconds, ...], "sum": of all paths' costs}.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <queue>
#include <utility>
#include <vector>

using Entry = std::pair<float, int>;

static float solve(const float* costs, int height, int width, std::vector<float>& distances, std::vector<int>& from,
                   std::vector<float>& path) {
  const int size = height * width;
  distances.assign(size, std::numeric_limits<float>::infinity());
  from.assign(size, -1);
  path.assign(size, 0.0f);
  std::priority_queue<Entry, std::vector<Entry>, std::greater<Entry>> heap;
  distances[0] = costs[0];
  heap.push({costs[0], 0});
  while (!heap.empty()) {
    const auto [distance, cell] = heap.top();
    heap.pop();
    if (distance > distances[cell]) continue;
    if (cell == size - 1) break;
    const int row = cell / width, column = cell % width;
    for (int y = std::max(row - 1, 0); y <= std::min(row + 1, height - 1); y++) {
      for (int x = std::max(column - 1, 0); x <= std::min(column + 1, width - 1); x++) {
        const int next = y * width + x;
        const float reached = costs[next] + distance;
        if (reached >= distances[next]) continue;
        distances[next] = reached;
        from[next] = cell;
        heap.push({reached, next});
      }
    }
  }
  for (int cell = size - 1; cell >= 0; cell = from[cell]) path[cell] = 1.0f;
  return distances[size - 1];
}

int main(int count, char** arguments) {
  if (count != 5) return 2;
  const int batch = std::atoi(arguments[1]), height = std::atoi(arguments[2]), width = std::atoi(arguments[3]);
  const double budget = std::atof(arguments[4]);
  std::vector<float> costs(static_cast<std::size_t>(batch) * height * width);
  std::uint32_t state = 1;
  for (float& cost : costs) {
    state = state * 1664525u + 1013904223u;
    cost = 1.0f + static_cast<float>(state >> 8) / 16777216.0f;
  }
  using Clock = std::chrono::steady_clock;
  const auto milliseconds = [](auto span) { return std::chrono::duration<double, std::milli>(span).count(); };
  const auto started = Clock::now();
  std::vector<float> distances, path;
  std::vector<int> from;
  std::printf("{\"times\": [");
  double sum = 0;
  int measured = 0;
  for (int repeat = 0; repeat < 7 || (milliseconds(Clock::now() - started) < budget && repeat < 1000); repeat++) {
    const auto before = Clock::now();
    sum = 0;
    for (int i = 0; i < batch; i++) sum += solve(&costs[i * height * width], height, width, distances, from, path);
    if (repeat >= 2) std::printf("%s%.6f", measured++ == 0 ? "" : ", ", milliseconds(Clock::now() - before));
  }
  std::printf("], \"sum\": %.9g}\n", sum);
}
