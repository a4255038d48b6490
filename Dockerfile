# The pipeline: its commands, its page and its schedule. docker-compose.yml runs it with a read-only root file system:
# what it writes goes to the volume /state, and to /tmp.
FROM python:3.13.9-slim-trixie AS packages

COPY requirements/page.txt requirements/alerts.txt requirements/telemetry.txt requirements/
# The three files pin the same versions. A package index of your own comes from your pip.conf, as the secret `pip`.
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    python -m venv --without-pip /venv \
    && for extra in page alerts telemetry; do \
        python -m pip --python /venv/bin/python install --quiet --no-cache-dir --disable-pip-version-check \
            --require-hashes --no-deps -r requirements/$extra.txt || exit 1; \
    done

FROM python:3.13.9-slim-trixie

RUN useradd --uid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin taxi \
    && install -d -o taxi -g taxi -m 700 /state
COPY --from=packages /venv /venv
WORKDIR /app
COPY . .
# A read-only file system keeps no compiled modules, and to compile all of them takes 4 s at each start.
RUN python -m compileall -q .

ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    TAXI_PROFILE=docker \
    TAXI_STATE_DIR=/state
USER taxi
VOLUME /state
EXPOSE 6789
# The page answers to no other name than localhost.
HEALTHCHECK --interval=5s --timeout=5s --start-period=60s --retries=6 \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f'http://localhost:{os.environ.get(\"TAXI_PAGE_PORT\", 6789)}/health', timeout=4)"]
ENTRYPOINT ["python", "orchestrate.py"]
CMD ["page"]
