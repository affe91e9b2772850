from mmrepro.training.parallel import workers


def double(number):
    return 2 * number


def test_jobs_come_back_in_order_from_processes():
    for count in (1, 2):
        with workers(count) as each:
            assert list(each(double, [3, 1, 2])) == [6, 2, 4]
