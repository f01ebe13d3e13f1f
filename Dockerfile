# syntax=docker/dockerfile:1
# One image for `keepdate api`, `keepdate worker` and `keepdate migrate`.

FROM python:3.13.16-slim-bookworm AS build
WORKDIR /src

# Everything that is downloaded is checked against a recorded hash: the installer, the requirements,
# and what builds the wheel.
COPY requirements/uv.txt requirements/runtime.txt requirements/dev.txt requirements/
RUN ["python", "-m", "pip", "install", "--no-cache-dir", "--disable-pip-version-check", \
     "--no-deps", "--require-hashes", "--requirement", "requirements/uv.txt"]
RUN ["uv", "venv", "--python", "/usr/local/bin/python", "/opt/keepdate"]
RUN ["uv", "pip", "install", "--no-cache", "--python", "/opt/keepdate/bin/python", \
     "--compile-bytecode", "--require-hashes", "--requirement", "requirements/runtime.txt"]

COPY pyproject.toml README.md LICENSE cli.py config.py config_check.py config_files.py \
     config_temporal.py config_values.py worker.py ./
COPY activities activities
COPY api api
COPY db db
COPY dev dev
COPY domain domain
COPY notices notices
COPY ops ops
COPY telemetry telemetry
COPY workflows workflows
RUN ["uv", "build", "--no-cache", "--wheel", "--out-dir", "/wheels", \
     "--build-constraints", "requirements/dev.txt", "--require-hashes"]
RUN uv pip install --no-cache --python /opt/keepdate/bin/python --compile-bytecode --no-deps \
    /wheels/*.whl


FROM python:3.13.16-slim-bookworm
# A number of its own, so that a volume's owner and a cluster's policy can name it.
RUN groupadd --gid 10001 keepdate \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent \
        --shell /usr/sbin/nologin keepdate
COPY --from=build /opt/keepdate /opt/keepdate
ENV PATH=/opt/keepdate/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    KEEPDATE_ENVIRONMENT=production \
    KEEPDATE_HTTP_HOST=0.0.0.0 \
    KEEPDATE_METRICS_HOST=0.0.0.0
USER 10001:10001
EXPOSE 8000 9464

# Of the API; `worker` and `migrate` override it.
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]

# No shell in between: the process itself gets SIGTERM, finishes what it has begun, and has no
# children to reap.
ENTRYPOINT ["keepdate"]
CMD ["api"]
