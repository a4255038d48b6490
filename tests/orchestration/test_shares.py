"""Shares of the file months: together they cover every month once, whatever a lander finds when it begins."""

from collections import Counter
from datetime import date

import pytest

from ingest.datasets import DATASETS
from ingest.errors import SettingError
from ingest.months import add_months
from orchestration.plan.shares import ALL, Share, share_of
from orchestration.plan.wanted import Listing, Request, wanted_months

EVERY = [(dataset, add_months(dataset.first_month, number)) for dataset in DATASETS.values() for number in range(100)]


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7, 50])
def test_the_shares_cover_every_month_once(count: int):
    shares = [Share(index, count) for index in range(count)]
    assert Counter(sum(share.has(*pair) for share in shares) for pair in EVERY) == {1: len(EVERY)}


@pytest.mark.parametrize("dataset", DATASETS.values(), ids=list(DATASETS))
def test_each_share_has_its_part_of_every_data_set(dataset):
    months = [month for of, month in EVERY if of is dataset]
    sizes = [sum(Share(index, 4).has(dataset, month) for month in months) for index in range(4)]
    assert sizes == [25] * 4


def test_the_data_sets_of_a_month_go_to_several_shares():
    month = date(2024, 1, 1)
    assert {index for index in range(4) for dataset in DATASETS.values() if Share(index, 4).has(dataset, month)} == {
        0, 1, 2, 3,
    }  # fmt: skip


def test_a_request_wants_the_months_of_its_share_alone():
    request = Request(tuple(DATASETS.values()), months=(date(2024, 1, 1), date(2024, 2, 1)))
    listing = Listing("nowhere", tuple(EVERY))
    shared = [
        pair
        for index in range(3)
        for pair in wanted_months(listing, Request(request.datasets, False, request.months, share=Share(index, 3)))
    ]
    whole = wanted_months(listing, request)
    assert len(shared) == len(whole) == len({*shared})
    assert {*shared} == {*whole}


def test_a_task_of_cloud_run_has_the_share_of_its_index():
    task = {"CLOUD_RUN_TASK_INDEX": "2", "CLOUD_RUN_TASK_COUNT": "4"}
    assert share_of(None, task) == Share(2, 4)
    assert share_of("1/2", task) == Share(1, 2)


def test_without_any_word_of_a_share_it_is_all():
    assert share_of(None, {}) == ALL == Share(0, 1)


def test_a_task_of_kubernetes_has_to_be_told_how_many_there_are():
    with pytest.raises(SettingError, match="JOB_COMPLETION_INDEX is set") as refused:
        share_of(None, {"JOB_COMPLETION_INDEX": "0"})
    assert "--share=$(JOB_COMPLETION_INDEX)/4" in refused.value.next_step
    assert share_of("0/4", {"JOB_COMPLETION_INDEX": "0"}) == Share(0, 4)


@pytest.mark.parametrize("text", ["4/4", "1", "", "/", "-1/4", "0/0", "a/4", "1/4/2", "٣/4", " 1/4", "1/9999999"])
def test_what_is_no_share_is_refused(text: str):
    with pytest.raises(SettingError, match=r"--share: .* is no share"):
        share_of(text, {})


def test_half_of_what_cloud_run_sets_is_refused():
    with pytest.raises(SettingError, match="CLOUD_RUN_TASK_INDEX/CLOUD_RUN_TASK_COUNT"):
        share_of(None, {"CLOUD_RUN_TASK_INDEX": "2"})
