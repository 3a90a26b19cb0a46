"""One leaver's way in a real browser: mail, yes, receipt, member, and out again."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser.company import Company, eventually, new_company

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """The sample company after its first payroll close, with its sites running."""
    company = new_company(tmp_path_factory.mktemp("browser") / "acme")
    company.first_run()
    with company.serving():
        yield company


def test_from_the_mail_to_the_directory_and_out_again(page: Page, company: Company) -> None:
    """What the whole product is for, as its leaver sees it."""
    letter = next(x for x in company.letters("/c/") if "stay in touch" in x.subject)
    page.goto(letter.link("/c/"))
    name = page.get_by_label("Your name, as it should appear").input_value()
    title = page.locator("#l-job_title .value").inner_text()
    page.locator("#add-job_title").check()
    page.locator("#show-job_title").check()
    page.get_by_label("Yes, add me").check()
    page.get_by_role("button", name="Save my answer").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you. You are in.")

    page.get_by_role("link", name="Receipt").click()
    expect(page.get_by_text(re.compile("^CR-"))).to_be_visible()
    expect(page.get_by_text(name, exact=False).first).to_be_visible()
    with page.expect_download() as file:
        page.get_by_role("link", name="JSON-LD").click()
    assert "consent-receipt.json" == file.value.suggested_filename

    company.sync()
    ((member, card),) = company.shown()
    assert name == member
    assert title in card

    def confirmed() -> bool:
        return any(x.to == letter.to for x in company.letters("/p/"))

    eventually(confirmed, "the worker sent no confirmation")
    mail = next(x for x in company.letters("/p/") if x.to == letter.to)
    page.context.clear_cookies()
    page.goto(mail.link("/p/"))
    page.get_by_label("Yes, remove me from the community").check()
    page.get_by_role("button", name="Leave").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You have left the community.")
    eventually(lambda: company.shown() == [], "the worker hid nobody")

    page.goto(letter.link("/c/"))
    expect(page.get_by_role("heading", level=1)).to_have_text("This link does not open anything")


def test_a_reviewer_finds_a_case(page: Page, company: Company) -> None:
    """From the list to the facts, and to the two buttons; nobody ruled by looking."""
    page.goto(company.desk)
    expect(page.get_by_text("Unverified identity")).to_be_visible()
    page.get_by_role("row").filter(has_text="review").first.get_by_role("link").first.click()

    expect(page.get_by_role("heading", name="Facts")).to_be_visible()
    expect(page.get_by_role("heading", name="What admitting would do")).to_be_visible()
    expect(page.get_by_role("button", name="Admit")).to_be_visible()
    expect(page.get_by_role("button", name="Uphold")).to_be_visible()
    page.reload()
    expect(page.get_by_text("seen by unverified")).to_have_count(1)
