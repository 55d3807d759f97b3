# Distroless: the image has CA certificates, and neither a shell nor npm, so the dependencies are installed in a stage before it.
# Both stages have glibc; do not install in an Alpine stage, which would take the binary for musl.
FROM node:24-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev

FROM gcr.io/distroless/nodejs24-debian12
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY . .
USER nonroot
CMD ["main.js"]
