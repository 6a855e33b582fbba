"""Times shortest paths on grids by heapq, costs on cells, 8 neighbours. Reads a task a line as JSON:
{"batch", "height", "width", "budget"}. Answers each with {"times": [milliseconds, ...], "sum": of all paths' costs}."""

import heapq
import json
import sys
import time


def costs_of(count):
    costs, state = [], 1
    for _ in range(count):
        state = (state * 1664525 + 1013904223) % 2**32
        costs.append(1 + (state >> 8) / 2**24)
    return costs


def solve(costs, height, width):
    goal = height * width - 1
    distances = [float("inf")] * (goal + 1)
    came_from = [-1] * (goal + 1)
    distances[0] = costs[0]
    heap = [(costs[0], 0)]
    while heap:
        distance, cell = heapq.heappop(heap)
        if cell == goal:
            break
        if distance > distances[cell]:
            continue
        row, column = divmod(cell, width)
        for y in range(max(row - 1, 0), min(row + 2, height)):
            for x in range(max(column - 1, 0), min(column + 2, width)):
                there = y * width + x
                reached = distance + costs[there]
                if reached < distances[there]:
                    distances[there] = reached
                    came_from[there] = cell
                    heapq.heappush(heap, (reached, there))
    path = [0] * (goal + 1)
    cell = goal
    while cell >= 0:
        path[cell] = 1
        cell = came_from[cell]
    return distances[goal], path


print(json.dumps({"version": sys.version}), flush=True)
for line in sys.stdin:
    task = json.loads(line)
    height, width = task["height"], task["width"]
    size = height * width
    costs = costs_of(task["batch"] * size)
    grids = [costs[i * size : (i + 1) * size] for i in range(task["batch"])]
    times = []
    ending = time.perf_counter() + task["budget"] / 1000
    while len(times) < 5 or (time.perf_counter() < ending and len(times) < 1000):
        started = time.perf_counter()
        total = sum(solve(grid, height, width)[0] for grid in grids)
        times.append((time.perf_counter() - started) * 1000)
    print(json.dumps({"times": times, "sum": total}), flush=True)
