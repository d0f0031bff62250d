# One image for every role: `takt run` is everything in one container; compose.yaml runs a role in each.
FROM python:3.13-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/takt
ENV PATH=/opt/takt/bin:$PATH
COPY requirements.txt /tmp/requirements.txt
RUN pip install --require-hashes -r /tmp/requirements.txt
COPY . /app
RUN pip install --no-deps --no-build-isolation --editable /app
# In a container, loopback is nobody's: the image's own configuration listens on every address of it.
RUN sed -i 's/^# host = "127\.0\.0\.1"/host = "0.0.0.0"/' /app/config.toml && grep -q '^host = "0\.0\.0\.0"' /app/config.toml
RUN python -m compileall -q /app /opt/takt

FROM python:3.13-slim
RUN useradd --system --uid 10001 --user-group --home-dir /data --no-create-home takt \
    && install -d -o takt -g takt -m 0750 /data
COPY --from=build /opt/takt /opt/takt
COPY --from=build /app /app
ENV PATH=/opt/takt/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    TAKT_DATA=/data \
    TAKT_CONFIG=/app/config.toml \
    TAKT_PORT=8050
WORKDIR /app
USER takt
VOLUME /data
EXPOSE 8050
# Right for `takt run` and `takt dashboard`; compose.yaml has one of its own for each other role.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as web; web.urlopen('http://127.0.0.1:' + os.environ['TAKT_PORT'] + '/healthz', timeout=4)"]
STOPSIGNAL SIGTERM
CMD ["takt", "run"]
