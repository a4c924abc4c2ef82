# The image of every clickstream service: `faust -A app`, with a worker as its default.

FROM python:3.11-slim AS base
ENV PATH=/opt/clickstream/bin:$PATH \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PYTHONUNBUFFERED=1

FROM base AS packages
# For packages without a wheel for the machine: faust-streaming on ARM.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*
COPY requirements.lock /tmp/
RUN python -m venv /opt/clickstream \
    && pip install --require-hashes --requirement /tmp/requirements.lock

FROM packages AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY app/ app/
COPY agents/ agents/
COPY tables/ tables/
COPY models/ models/
RUN pip wheel --no-build-isolation --no-deps --wheel-dir /wheels .

FROM base
# A named volume mounted on /data takes over its owner when it is new.
RUN useradd --system --uid 10001 clickstream && install -d -o clickstream /data
# By far the largest layer; it changes with the lock only.
COPY --from=packages /opt/clickstream /opt/clickstream
RUN --mount=type=bind,from=build,source=/wheels,target=/wheels \
    pip install --no-index --no-deps /wheels/*.whl
ENV CLICKSTREAM_DATA_DIR=/data
USER clickstream
# Not /data: Python would look for modules there.
WORKDIR /srv
EXPOSE 6066
ENTRYPOINT ["faust", "-A", "app"]
CMD ["worker", "-l", "info"]
