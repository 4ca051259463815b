"""When a run will be done, from how far it has come and how long the runs before it took."""

import pandas as pd


def seconds_left(progress: pd.DataFrame, runs: pd.DataFrame, run: pd.Series) -> float | None:
    """Give the seconds that a run still needs: the phase under way at its pace, or as the last finished run took.

    None when neither is known.
    """
    paced = pace_left(progress)
    if paced is not None:
        return paced
    done = runs[(runs["status"] == "succeeded") & (runs["run_id"] != run["run_id"])]
    if done.empty or pd.isna(done.iloc[0]["seconds"]):
        return None
    used = 0.0 if pd.isna(run["seconds"]) else float(run["seconds"])
    return max(0.0, float(done.iloc[0]["seconds"]) - used)


def pace_left(progress: pd.DataFrame) -> float | None:
    """Give the seconds that the slowest part of the phase noted last still needs at its pace so far."""
    if progress.empty:
        return None
    phase = progress.sort_values("last_at").iloc[-1]["phase"]
    needed = []
    for part in progress[progress["phase"] == phase].to_dict("records"):
        spent = (pd.Timestamp(part["last_at"]) - pd.Timestamp(part["first_at"])).total_seconds()
        if pd.notna(part["total"]) and part["done"] and spent > 0:
            done, total = float(part["done"]), float(part["total"])
            needed.append(spent / done * max(0.0, total - done))
    return max(needed) if needed else None
