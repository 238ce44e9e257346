"""Reports in a real browser: Debian's Chromium, by Selenium.

    python -m validation.browser                       # all kinds of problems; pages and pictures in runs/browser/
    python -m validation.browser burgers cylinder_flow

Each problem is solved by the command, its report is opened from its file, and it is asked, as a reader would look,

- whether anything is loaded from elsewhere, or a script fails,
- whether all pictures are there,
- whether the page fits: nothing wider than the window, on a screen and on a telephone,
- whether the slider over time and its button move what they shall,
- whether what is to be downloaded can be read,
- whether the dark page has light letters, and its text enough contrast,
- whether it prints, without what paper cannot move.

It needs `pip install -e ".[browser]"`, and Chromium with its driver (Debian: `apt-get install chromium-driver`).
"""

from __future__ import annotations

import argparse
import base64
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

ROOT = Path(__file__).parents[1]
KINDS = {
    "burgers": "a line with time", "poisson": "a plane", "poisson_3d": "space", "taylor_green": "a plane with time",
    "lotka_volterra": "an ODE", "inverse_heat": "an inverse problem", "heat_in_a_disc": "a shape with time",
    "plate_with_holes": "a shape", "bracket_3d": "a mesh of space", "parametric_burgers": "a range of a parameter",
}  # fmt: skip
SCREENS = {"screen": (1280, 900), "telephone": (390, 844)}
DRIVER = Path("/usr/bin/chromedriver")
LEAST_CONTRAST = 4.5  # of text, WCAG 2.1, level AA
CONTRAST = """
const channel = (c) => { c /= 255; return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; };
const parsed = (text) => text.match(/[\\d.]+/g).map(Number);
const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
const behind = (e) => { while (e) { const c = parsed(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c; e = e.parentElement; } return [255, 255, 255]; };
let least = 99;
for (const e of document.querySelectorAll("p, td, th, h1, h2, pre, li")) {
  if (!e.textContent.trim()) continue;
  const [a, b] = [light(parsed(getComputedStyle(e).color)), light(behind(e))].sort((x, y) => y - x);
  least = Math.min(least, (a + 0.05) / (b + 0.05));
}
return least;
"""


def browser(scheme: str = "light") -> webdriver.Chrome:
    """A Chromium without a window, that reports what it loads and what scripts say."""
    options = webdriver.ChromeOptions()
    for given in (
        "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync", "--allow-file-access-from-files",
    ):  # fmt: skip
        options.add_argument(given)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(str(DRIVER)) if DRIVER.exists() else Service())
    preferred = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", preferred)
    return driver


def looked_at(page: Path, folder: Path) -> list[str]:
    """What is wrong with a report; screenshots of it go into the folder."""
    faults: list[str] = []
    for scheme in ("light", "dark"):
        driver = browser(scheme)
        try:
            for screen, (width, height) in SCREENS.items():
                _sized(driver, width, height)
                driver.get(page.as_uri())
                faults += [f"{scheme} {screen}: {fault}" for fault in _seen(driver, width)]
                driver.save_screenshot(str(folder / f"{scheme}-{screen}.png"))
            if scheme == "light":
                faults += [*_moved(driver), *_downloads(driver), *_printed(driver, folder)]
            faults += [f"{scheme}: {fault}" for fault in _said(driver)]
        finally:
            driver.quit()
    return faults


def _sized(driver: webdriver.Chrome, width: int, height: int) -> None:
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def _seen(driver: webdriver.Chrome, width: int) -> list[str]:
    faults = []
    empty = driver.execute_script(
        "return [...document.images].filter((i) => !i.complete || !i.naturalWidth).map((i) => i.alt)"
    )
    if empty or not driver.find_elements(By.CSS_SELECTOR, "figure img"):
        faults.append(f"pictures that do not show: {empty or 'all'}")
    wide = driver.execute_script("return document.documentElement.scrollWidth")
    if wide > width:
        faults.append(f"the page is {wide} pixels wide in a window of {width}")
    contrast = driver.execute_script(CONTRAST)
    if contrast < LEAST_CONTRAST:
        faults.append(f"text has a contrast of {contrast:.1f}")
    return faults


def _moved(driver: webdriver.Chrome) -> list[str]:
    """The slider moves every picture to its moment and says which; its button plays, and stops."""
    sliders = driver.find_elements(By.CSS_SELECTOR, "input[type=range]")
    if not sliders:
        return []
    (slider,), faults = sliders, []
    sources = "return [...document.querySelectorAll('.moments img')].map((i) => i.src)"
    told = "return document.querySelector('.moments output').textContent"
    last = int(str(slider.get_attribute("max")))
    first, begun = driver.execute_script(sources), driver.execute_script(told)
    driver.execute_script(
        "arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('input', {bubbles: true}))",
        slider,
        last,
    )
    after, ended = driver.execute_script(sources), driver.execute_script(told)
    if any(a == b for a, b in zip(first, after, strict=True)) or begun == ended:
        faults.append("the slider moves nothing")
    button = driver.find_element(By.CSS_SELECTOR, ".moments button")
    button.click()
    time.sleep(0.7)
    button.click()
    stopped = driver.execute_script(told)
    time.sleep(0.7)
    if stopped == ended or driver.execute_script(told) != stopped:
        faults.append("the button does not play, or does not stop")
    return faults


def _downloads(driver: webdriver.Chrome) -> list[str]:
    links = {
        a.get_attribute("download"): a.get_attribute("href")
        for a in driver.find_elements(By.CSS_SELECTOR, "a[download]")
    }
    contents = {name: base64.b64decode(str(href).partition("base64,")[2]).decode() for name, href in links.items()}
    if {"report.json", "history.csv"} - contents.keys():
        return ["files are missing among the downloads"]
    json.loads(contents["report.json"])
    return [] if contents["history.csv"].count("\n") > 1 else ["history.csv is empty"]


def _printed(driver: webdriver.Chrome, folder: Path) -> list[str]:
    made = base64.b64decode(driver.print_page())
    (folder / "printed.pdf").write_bytes(made)
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    shown = driver.execute_script(
        "return [...document.querySelectorAll('.controls, .links')].some((e) => getComputedStyle(e).display !== 'none')"
    )
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    return [f for f, is_so in (("it does not print", len(made) < 20_000), ("paper has controls", shown)) if is_so]


def _said(driver: Any) -> list[str]:
    """What scripts complain of, and what is loaded that is not of the page itself."""
    faults = [str(entry["message"]) for entry in driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]
    for entry in driver.get_log("performance"):
        message: dict[str, Any] = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            url = message["params"]["request"]["url"]
            if not url.startswith(("file:", "data:")):
                faults.append(f"it loads {url}")
    return faults


def main() -> int:
    """Solve, look, tell; 1 where something is wrong."""
    made = argparse.ArgumentParser(
        prog="python -m validation.browser", description=(__doc__ or "").split("\n", maxsplit=1)[0]
    )
    made.add_argument("names", nargs="*", default=list(KINDS), metavar="NAME", help=", ".join(KINDS))
    made.add_argument("--budget", default="20", help="seconds of training of each (default: 20)")
    made.add_argument("--out", type=Path, default=Path("runs/browser"))
    given = made.parse_args()
    wrong = 0
    for name in given.names:
        folder = given.out / name
        command = [sys.executable, "-m", "pinnsolve", str(ROOT / "problems" / f"{name}.py"), "--budget", given.budget]
        subprocess.run([*command, "--out", str(folder), "--overwrite"], capture_output=True, check=False)
        page = (folder / "report.html").resolve()
        faults = looked_at(page, folder) if page.exists() else ["there is no report"]
        wrong += bool(faults)
        print(f"{name:20} {KINDS.get(name, ''):24} {'; '.join(faults) or 'as it should be'}", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
